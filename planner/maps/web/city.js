// The city around the lake: its figures in the panel, and who is within reach of a park as a layer.
(function (planner) {
  "use strict";
  const el = planner.el;

  planner.cityPanel = function (page) {
    const city = page.config.city, box = el("details", { class: "planner-city", open: true });
    box.update = function () {
      const { speech } = page, told = (cell) => Array.isArray(cell) ? speech.pick(cell) : cell;
      box.hidden = !city;
      if (!city) return;
      planner.replace(box, el("summary", {}, speech.pick(city.title)),
        el("table", { class: "planner-city-figures" },
          el("thead", {}, el("tr", {}, city.heads.map((head) => el("th", { scope: "col" }, told(head))))),
          el("tbody", {}, city.rows.map((row) => el("tr", {}, row.map((cell, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, told(cell))))))),
        el("ul", { class: "planner-city-key" }, city.key.map(([colour, name]) =>
          el("li", {}, el("span", { class: "planner-swatch", style: { background: colour }, "aria-hidden": "true" }), el("span", {}, told(name))))),
        city.notes.map((note) => el("p", { class: "planner-fine" }, told(note))));
    };
    return box;
  };

  planner.cityLayer = function (city, pen) {
    return L.layerGroup(city.homes.map((home) => L.polygon(home.rings, Object.assign({ color: home.colour, weight: 0.8, fillColor: home.colour, fillOpacity: 0.75 }, pen))));
  };
})((window.planner = window.planner || {}));

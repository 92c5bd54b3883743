// The lake at a level: cells the water has reached, and storage and area told of the very cells that are drawn.
(function (planner) {
  "use strict";
  const DEEP_M = 6; // depth from which the blue grows no darker
  const PALE = 90; // of 255: water over land that is not ready, so that its hatch is seen

  // The curve between its rows: area by a straight line, storage by that line's integral, scaled to end on the next row.
  planner.readCurve = function (curve, level) {
    const { level: z, area, storage } = curve, n = z.length;
    if (!n) return { area: NaN, storage: NaN };
    if (level <= z[0]) return { area: level < z[0] ? 0 : area[0], storage: storage[0] };
    if (level >= z[n - 1]) return { area: area[n - 1], storage: storage[n - 1], beyond: level > z[n - 1] };
    let low = 0, high = n - 1;
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (z[mid] <= level) low = mid;
      else high = mid;
    }
    const t = (level - z[low]) / (z[high] - z[low]);
    const rise = area[high] - area[low];
    const whole = area[low] + rise / 2;
    const part = whole > 0 ? (area[low] * t + (rise * t * t) / 2) / whole : t;
    return { area: area[low] + t * rise, storage: storage[low] + part * (storage[high] - storage[low]) };
  };

  planner.depthColour = function (depth) {
    const k = depth > 0 ? Math.min(1, depth / DEEP_M) : 0; // also where the ground is not known
    return [150 - 140 * k, 200 - 145 * k, 235 - 110 * k];
  };

  // the marks of the key of depths, from shallow to deep
  planner.depthMarks = (speech) => [0, 2, 4, DEEP_M].map((m) => ({
    colour: "rgb(" + planner.depthColour(m).map(Math.round).join(",") + ")", text: (m === DEEP_M ? "≥ " : "") + speech.metres(m, 0) }));

  class Flood {
    // raster: {rows, cols, bounds [[s, w], [n, e]]}; columns bed, reach (m) and lake (which reservoir reaches the cell first)
    constructor(map, raster, columns) {
      this.raster = raster;
      this.columns = columns;
      this.canvas = document.createElement("canvas");
      this.canvas.width = raster.cols;
      this.canvas.height = raster.rows;
      this.canvas.setAttribute("aria-hidden", "true");
      this.overlay = L.imageOverlay(this.canvas.toDataURL(), raster.bounds, { pane: "planner-water", opacity: 0.9, alt: "" });
      this.map = map;
      this.shown = false;
    }

    // the unit that each cell of a lake lies on, -1 on none
    over(units) {
      if (this._over) return this._over;
      const { rows, cols, bounds } = this.raster, lake = this.columns.lake.values, over = new Int32Array(rows * cols).fill(-1);
      const [sw, ne] = bounds.map((corner) => L.CRS.EPSG3857.project(L.latLng(corner)));
      for (let i = 0; i < over.length; i++) {
        if (lake[i] >= 0) over[i] = units.at(sw.x + (((i % cols) + 0.5) / cols) * (ne.x - sw.x), ne.y - ((Math.floor(i / cols) + 0.5) / rows) * (ne.y - sw.y));
      }
      return (this._over = over);
    }

    // draws every lake at its level (NaN leaves one out); over, faded: the unit under each cell, and which are not ready (null:
    // all are); returns the wet cells per lake
    draw(levels, over, faded) {
      const n = this.raster.rows * this.raster.cols;
      const { bed, reach, lake } = this.columns;
      const context = this.canvas.getContext("2d");
      const image = context.createImageData(this.raster.cols, this.raster.rows);
      const wet = levels.map(() => 0);
      for (let i = 0; i < n; i++) {
        const k = lake.values[i];
        if (k < 0 || !(reach.at(i) <= levels[k])) continue;
        wet[k] += 1;
        const [r, g, b] = planner.depthColour(levels[k] - bed.at(i));
        image.data.set([r, g, b, faded && over[i] >= 0 && faded[over[i]] ? PALE : 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
      this.overlay.setUrl(this.canvas.toDataURL());
      this.overlay.addTo(this.map);
      this.shown = true;
      return wet;
    }

    hide() {
      this.shown = false;
      this.overlay.remove();
    }
  }

  function depthKey(speech) {
    const el = planner.el;
    return el("div", { class: "planner-depthkey" }, el("span", {}, speech.t("depth_key")),
      el("div", { class: "planner-depthbar", style: { background: "linear-gradient(to right," + planner.depthMarks(speech).map((mark) => mark.colour).join(",") + ")" } }),
      el("div", { class: "planner-depthmarks" }, planner.depthMarks(speech).map((mark) => el("span", {}, mark.text))));
  }

  // What the years do to a lake: its lowest levels, each a button that lays the water there, and what keeps it.
  function years(page, lake, go) {
    const el = planner.el, speech = page.speech, known = lake.years;
    if (!known) return null;
    const row = (name, value) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value));
    const level = (z) => el("button", { type: "button", class: "planner-level", onclick: () => go(z) }, speech.metres(z, 2));
    return [el("h3", {}, speech.t("lowest_in")), el("table", { class: "planner-facts" },
      known.lowest.map(([name, z]) => row(speech.pick(name), level(z))),
      row(speech.t("kept_years"), speech.number(100 * known.kept, 0) + " %"),
      row(speech.t("filled_after"), known.fill === null ? "–" : speech.number(known.fill, 1)),
      row(speech.t("largest_kept"), known.largest === null ? "∞" : speech.area(known.largest)),
      row(speech.t("crest_needed"), speech.metres(known.crest, 2)),
      row(speech.t("climate_of"), speech.pick(known.climate)))];
  }

  planner.waterPanel = function (page, flood) {
    const el = planner.el, lakes = page.config.reservoirs;
    const box = el("details", { class: "planner-water" });
    const levels = lakes.map((lake) => lake.level);
    let current = 0;

    box.addEventListener("toggle", () => {
      if (!box.open) { if (flood) flood.hide(); } else {
        draw();
        box.scrollIntoView({ block: "end" });
      }
      named();
      page.remember();
    });

    function draw() {
      if (!flood) return;
      const faded = page.faded();
      flood.draw(levels, faded && flood.over(page.units), faded);
    }

    // the lakes' names tell what they hold at the level that is drawn
    function named() {
      if (page.overlays.names) page.overlays.names.update();
    }

    function reading(i) {
      const lake = lakes[i], speech = page.speech;
      const at = planner.readCurve(lake.curve, levels[i]);
      return [speech.t("level") + " " + speech.metres(levels[i], 2),
        speech.t("storage") + " " + speech.cubic(at.storage),
        speech.t("water_area") + " " + speech.area(at.area)].join(" · ") + (at.beyond ? " · " + speech.t("beyond_curve") : "");
    }

    box.setLevel = function (level) {
      levels[current] = level;
      const out = box.querySelector("output");
      if (out) out.textContent = reading(current);
      const slider = box.querySelector("input[type=range]");
      if (slider && Number(slider.value) !== level) slider.value = level;
      if (box.open) draw();
      named();
      if (page.tool === "section") page.parts.tools.update();
      page.remember();
    };

    box.redraw = () => { if (box.open) draw(); };
    box.levelOf = (i) => (box.open ? levels[i] : lakes[i].level); // as the water is drawn
    box.lake = () => lakes[current]; // which the slider moves
    // what a lake holds as it is drawn, m³; what the plan says of it where the slider is not in use
    box.holds = function (id, planned) {
      const i = lakes.findIndex((lake) => lake.id === id);
      return box.open && i >= 0 ? planner.readCurve(lakes[i].curve, levels[i]).storage : planned;
    };
    box.told = () => (box.open ? lakes.map((lake, i) => lake.id + page.speech.t("colon") + reading(i)) : []);
    // which lakes stand at which level, where the slider is in use
    box.address = () => (box.open ? levels.map((z) => Number(z.toFixed(2))).join("_") + "_" + current : "");
    box.recall = function (text) {
      const asked = text.split("_").map((part) => (part ? Number(part) : NaN));
      lakes.forEach((lake, i) => {
        const z = lake.curve.level;
        if (asked[i] === Number(lake.level.toFixed(2))) levels[i] = lake.level; // the normal level need be no stop of the slider
        else if (isFinite(asked[i])) levels[i] = Math.max(z[0], Math.min(z[z.length - 1], Math.round(asked[i] * 100) / 100));
      });
      current = Math.max(0, Math.min(lakes.length - 1, Math.floor(asked[lakes.length]) || 0));
      box.open = true;
      box.update();
      draw();
    };

    box.update = function () {
      const speech = page.speech, lake = lakes[current];
      const z = lake.curve.level;
      const slider = el("input", {
        type: "range", id: "planner-level", min: z[0], max: z[z.length - 1], step: 0.01, value: levels[current],
        "aria-label": speech.t("level"), oninput: (event) => box.setLevel(Number(event.target.value)),
      });
      planner.replace(box,
        el("summary", {}, speech.t("water_levels")),
        lakes.length > 1
          ? el("select", { "aria-label": speech.t("reservoir"), onchange: (event) => { current = Number(event.target.value); box.update(); page.parts.charts.update(); page.remember(); } },
              lakes.map((one, i) => el("option", { value: i, selected: i === current }, one.id + " · " + speech.cubic(one.storage))))
          : null,
        el("output", { for: "planner-level", "aria-live": "polite" }, reading(current)),
        slider,
        flood ? depthKey(speech) : null,
        el("p", { class: "planner-fine" }, speech.t("normal_level") + " " + speech.metres(lake.level, 2) + (lake.size ? " · " + speech.pick(lake.size) : "")),
        el("p", { class: "planner-fine" }, speech.t("water_note")),
        years(page, lake, (z) => { box.setLevel(z); box.update(); }),
        el("button", { type: "button", onclick: () => { box.setLevel(lake.level); box.update(); } }, speech.t("back_to_normal")));
    };
    return box;
  };

  planner.Flood = Flood;
})((window.planner = window.planner || {}));

// The legend: what each class of what is drawn adds up to under the filter, with a switch for each.
(function (planner) {
  "use strict";
  const el = planner.el;

  planner.legend = function (page) {
    const box = el("section", { class: "planner-legend" });

    function details(speech, row, spec) {
      const parts = [];
      const add = (name, key, text) => {
        if (name in spec.amounts && row[name] > 0) parts.push(speech.t(key) + " " + text(row[name]));
      };
      add("storage_m3", "storage", (v) => speech.cubic(v));
      add("cut_m3", "cut", (v) => speech.cubic(v));
      add("fill_m3", "fill", (v) => speech.cubic(v));
      add("cost_cny", "cost", (v) => speech.yuan(v));
      add("benefit_cny", "benefit", (v) => speech.yuan(v));
      return parts.join(" · ");
    }

    function line(page, spec, sums, index) {
      const { speech, views, state } = page;
      const entry = spec.classes[index], row = sums.rows[index];
      const off = views.hidden.get(spec.key).has(index);
      const name = speech.pick(entry.label);
      const box = el("input", {
        type: "checkbox", id: "planner-class-" + spec.key + "-" + index, checked: !off, "data-class": index,
        onchange: () => { views.toggle(spec.key, index); page.refilter(); },
      });
      const swatch = el("span", { class: "planner-swatch", style: { background: entry.colours[state.palette] }, "aria-hidden": "true" });
      const only = el("button", {
        type: "button", class: "planner-only", "aria-label": speech.t("only") + ": " + name,
        onclick: () => { views.only(spec.key, index); page.refilter(); },
      }, speech.t("only"));
      const extra = details(speech, row, spec);
      return el("tbody", { class: off ? "planner-off" : null },
        el("tr", {},
          el("th", { scope: "row" }, el("label", { for: box.id }, box, swatch, el("span", {}, name)), only),
          el("td", {}, speech.area(row.area_mu)),
          el("td", {}, speech.number(row.units))),
        extra ? el("tr", { class: "planner-detail" }, el("td", { colspan: 3 }, extra)) : null);
    }

    // the filters in force, each with a button that lifts it
    function filters() {
      const { speech, views } = page, found = page.filters();
      return found.length ? el("div", { class: "planner-filters" }, el("strong", {}, speech.t("filter")), el("ul", {}, found.map(({ text, lift }) => el("li", {}, el("span", {}, text),
        el("button", { type: "button", "aria-label": speech.t("lift") + ": " + text, onclick: () => { lift(); page.refilter(); } }, "×")))),
        el("button", { type: "button", class: "planner-all", onclick: () => { views.showAll(); page.refilter(); } }, speech.t("show_all"))) : null;
    }

    // the lines that are drawn over the units
    function lines() {
      const found = page.lines();
      return found.length ? el("ul", { class: "planner-linekey", "aria-label": page.speech.t("line_key") }, found.map((line) => el("li", {},
        planner.svg("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" }, planner.svg("line", { x1: 0, x2: 26, y1: 4, y2: 4, stroke: line.colour, "stroke-width": line.width, "stroke-dasharray": line.dash.join(" ") || null })),
        el("span", {}, line.name)))) : null;
    }

    // one view; before and after its name: on which side of the divider it is drawn
    function table(key, [before, after]) {
      const { speech, views } = page, spec = views.byKey.get(key), sums = views.sums(key, page.visible);
      const rows = spec.classes.map((entry, i) => i).filter((i) => page.present(key)[i]);
      const total = details(speech, sums.total, spec);
      return el("table", {},
        el("caption", {}, before + speech.pick(spec.label) + after, spec.note ? el("small", {}, speech.pick(spec.note)) : null),
        el("thead", {}, el("tr", {},
          el("th", { scope: "col" }, speech.t("class")),
          el("th", { scope: "col" }, speech.t("area")),
          el("th", { scope: "col" }, speech.t("units")))),
        rows.map((i) => line(page, spec, sums, i)),
        el("tfoot", {},
          el("tr", {}, el("th", { scope: "row" }, speech.t("total")), el("td", {}, speech.area(sums.total.area_mu)), el("td", {}, speech.number(sums.total.units))),
          total ? el("tr", { class: "planner-detail" }, el("td", { colspan: 3 }, total)) : null));
    }

    box.update = function () {
      const { view, other } = page.state;
      const focus = document.activeElement && document.activeElement.id;
      const both = other && other !== view; // of two views that are compared each has its classes
      planner.replace(box, filters(), table(view, both ? ["◀ ", ""] : ["", ""]), both ? table(other, ["", " ▶"]) : null, lines());
      if (focus && document.getElementById(focus)) document.getElementById(focus).focus();
    };
    return box;
  };
})((window.planner = window.planner || {}));

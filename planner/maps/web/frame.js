// What stands around a map: title, panel of controls, north arrow, scale and coordinates.
(function (planner) {
  "use strict";
  const el = planner.el;

  planner.header = function (page) {
    const box = el("header", { class: "planner-head" });
    box.update = function () {
      const { speech, config } = page, site = config.site;
      planner.replace(box,
        el("h1", {}, speech.pick([site.name_en || site.name, site.name])),
        site.subtitle ? el("p", {}, speech.pick(site.subtitle)) : null,
        site.kind === "reconstruction" ? el("p", { class: "planner-badge", title: speech.t("reconstruction_why") }, speech.t("reconstruction")) : null,
        site.shifted ? el("p", { class: "planner-badge" }, speech.t("shifted_note")) : null,
        el("p", { class: "planner-approval" }, speech.t("approval") + " " + (site.approval || speech.t("approval_none"))));
      document.title = speech.pick([site.name_en || site.name, site.name]);
      document.documentElement.lang = speech.lang === "zh" ? "zh-CN" : "en";
    };
    return box;
  };

  function choice(label, id, entries, value, onchange) {
    return el("label", { class: "planner-choice" }, el("span", {}, label),
      el("select", { id: id, onchange: (event) => onchange(event.target.value) },
        entries.map(([key, text]) => el("option", { value: key, selected: key === value }, text))));
  }

  planner.panel = function (page) {
    const { speech, state, views } = page;
    const box = el("section", { class: "planner-panel" });
    const settings = el("details", { class: "planner-settings" });
    const top = el("div", { class: "planner-top" });
    const years = el("div", { class: "planner-years" });
    const fold = el("button", { type: "button", class: "planner-fold", "aria-expanded": "true", onclick: () => {
      const open = box.classList.toggle("planner-folded");
      fold.setAttribute("aria-expanded", String(!open));
    } }, "☰");
    box.append(fold, el("div", { class: "planner-scroll" }, top, page.parts.search, years, page.parts.legend, page.parts.water, settings));

    function updateYears() {
      const span = page.config.years;
      if (!span) { years.hidden = true; return; }
      const out = el("output", { for: "planner-year" });
      const tell = () => {
        out.textContent = state.year >= span[1] ? speech.t("year_all", { year: span[1] }) : speech.t("year_ready", { year: state.year, area: speech.area(page.readyArea()) });
      };
      planner.replace(years, el("label", { for: "planner-year" }, speech.t("year")),
        el("input", { type: "range", id: "planner-year", min: span[0], max: span[1], step: 1, value: state.year,
          oninput: (event) => { state.year = Number(event.target.value); tell(); page.repaint(); } }), out);
      tell();
    }

    box.update = function () {
      box.setAttribute("aria-label", speech.t("panel"));
      fold.setAttribute("aria-label", speech.t("fold"));
      const entries = views.specs.map((spec) => [spec.key, speech.pick(spec.label)]);
      planner.replace(top,
        choice(speech.t("view"), "planner-view", entries, state.view, (key) => page.setView(key)),
        choice(speech.t("swipe_with"), "planner-other", [["", speech.t("no_swipe")], ...entries], state.other, (key) => page.setOther(key)));
      updateYears();
      const switches = [];
      for (const name of ["hillshade", "hauls", "reservoirs", "constraints"]) {
        if (!page.overlays[name]) continue;
        switches.push(el("label", { class: "planner-switch" },
          el("input", { type: "checkbox", id: "planner-" + name, checked: page.shown[name], onchange: (event) => page.setOverlay(name, event.target.checked) }), speech.t(name)));
      }
      planner.replace(settings, el("summary", {}, speech.t("settings")),
        choice(speech.t("language"), "planner-lang", [["en", "English"], ["zh", "中文"]], state.lang, (lang) => page.setLanguage(lang)),
        choice(speech.t("area_unit"), "planner-unit", [["mu", speech.t("mu_name")], ["ha", speech.t("ha_name")]], speech.areaUnit, (unit) => page.setUnit(unit)),
        choice(speech.t("palette"), "planner-palette", ["soft", "contrast", "survey"].map((name, i) => [String(i), speech.t("palette_" + name)]), String(state.palette), (i) => page.setPalette(Number(i))),
        el("label", { class: "planner-choice" }, el("span", {}, speech.t("opacity")),
          el("input", { type: "range", id: "planner-opacity", min: 0.2, max: 1, step: 0.05, value: state.opacity, oninput: (event) => page.setOpacity(Number(event.target.value)) })),
        switches,
        el("label", { class: "planner-switch" },
          el("input", { type: "checkbox", id: "planner-keys", checked: state.keys, onchange: (event) => { state.keys = event.target.checked; } }), speech.t("keys")),
        el("p", { class: "planner-fine" }, speech.t("keys_help")));
      page.parts.search.update();
      page.parts.legend.update();
      if (page.parts.water) page.parts.water.update();
    };
    return box;
  };

  // The site's own coordinates of a place, by the polynomial fitted when the page was written.
  planner.siteXY = function (place, mx, my) {
    const u = (mx - place.centre[0]) / place.half, v = (my - place.centre[1]) / place.half;
    let x = 0, y = 0;
    place.powers.forEach(([i, j], k) => {
      const term = Math.pow(u, i) * Math.pow(v, j);
      x += place.coefficients[k][0] * term;
      y += place.coefficients[k][1] * term;
    });
    return [x, y];
  };

  planner.status = function (page) {
    const where = el("span", { class: "planner-where" });
    const box = el("div", { class: "planner-status" }, where);
    const place = page.config.place;
    page.map.on("mousemove", (event) => {
      const p = L.CRS.EPSG3857.project(event.latlng);
      const [x, y] = planner.siteXY(place.back, p.x, p.y);
      const hovered = page.state.hovered;
      where.textContent = "E " + page.speech.number(x, 1) + "  N " + page.speech.number(y, 1) + " m · " + place.crs + (hovered >= 0 ? " · " + planner.hoverText(page, hovered) : "");
    });
    return box;
  };

  planner.north = function (page) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 36");
    svg.setAttribute("class", "planner-north");
    svg.setAttribute("role", "img");
    for (const [d, fill] of [["M12 1 L20 26 L12 20 Z", "#222"], ["M12 1 L4 26 L12 20 Z", "#fff"]]) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      path.setAttribute("fill", fill);
      path.setAttribute("stroke", "#222");
      svg.append(path);
    }
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("x", 12);
    text.setAttribute("y", 35);
    text.setAttribute("text-anchor", "middle");
    text.setAttribute("font-size", 9);
    svg.append(text);
    svg.update = () => { text.textContent = page.speech.t("north_letter"); svg.setAttribute("aria-label", page.speech.t("north")); };
    return svg;
  };
})((window.planner = window.planner || {}));

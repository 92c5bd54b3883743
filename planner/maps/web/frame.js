// What stands around a map: title, panel of controls, north arrow, scale and coordinates.
(function (planner) {
  "use strict";
  const el = planner.el;

  planner.header = function (page) {
    const box = el("header", { class: "planner-head" });
    const story = el("div", { class: "planner-story" });
    let open = !page.config.compare.length && !page.compact;
    box.update = function () {
      const { speech, config } = page, site = config.site;
      planner.replace(box,
        el("h1", {}, speech.pick([site.name_en || site.name, site.name])),
        el("button", { type: "button", class: "planner-speak", lang: speech.lang === "zh" ? "en" : "zh-CN", onclick: () => page.setLanguage(speech.lang === "zh" ? "en" : "zh") }, speech.lang === "zh" ? "English" : "中文"),
        site.verdict ? el("p", { class: "planner-verdict planner-verdict-" + site.tone }, speech.pick(site.verdict)) : null,
        page.replanned.size ? el("p", { class: "planner-stale", role: "status" }, speech.t("live_stale")) : null,
        site.subtitle ? el("p", { class: "planner-subtitle" }, speech.pick(site.subtitle)) : null,
        site.kind === "reconstruction" ? el("p", { class: "planner-badge", title: speech.t("reconstruction_why") }, speech.t("reconstruction")) : null,
        site.shifted ? el("p", { class: "planner-badge" }, speech.t("shifted_note")) : null,
        config.area ? null : el("p", { class: "planner-approval" }, speech.t("approval") + " " + (site.approval || speech.t("approval_none"))),
        config.story.length ? story : null);
      story.update();
      document.title = speech.pick([site.name_en || site.name, site.name]);
      document.documentElement.lang = speech.lang === "zh" ? "zh-CN" : "en";
    };
    // today → rules → plan → price: four views, each with what it says
    story.update = function () {
      const { speech, config, state } = page;
      if (page.overlays.names) page.overlays.names.update();
      const steps = config.story, at = steps.findIndex((step) => step.view === state.view);
      planner.replace(story,
        el("div", { class: "planner-steps", role: "group", "aria-label": speech.t("story") }, steps.map((step, i) =>
          el("button", { type: "button", "aria-pressed": String(i === at), onclick: () => { open = i !== at || !open; page.setView(step.view); } }, i + 1 + " " + speech.pick(step.title)))),
        at >= 0 && open ? el("p", {}, speech.pick(steps[at].text)) : null);
    };
    page.story = story;
    return box;
  };

  function choice(label, id, entries, value, onchange) {
    return el("label", { class: "planner-choice" }, el("span", {}, label),
      el("select", { id: id, onchange: (event) => onchange(event.target.value) },
        entries.map(([key, text]) => el("option", { value: key, selected: key === value }, text))));
  }

  // the year's slider; what is not ready by then is hatched, and time plays
  planner.years = function (page) {
    const box = el("div", { class: "planner-years" });
    const span = page.config.years;
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; };
    box.tell = function () {
      if (!span) return;
      const { speech, state } = page;
      box.querySelector("output").textContent = state.year >= span[1] ? speech.t("year_all", { year: span[1] }) : speech.t("year_ready", { year: state.year, area: speech.area(page.readyArea()) });
      box.querySelector("input").value = state.year;
      const play = box.querySelector("button");
      play.textContent = timer ? "❚❚" : "▶";
      play.setAttribute("aria-label", speech.t(timer ? "pause" : "play"));
    };
    box.play = function () {
      if (timer) { stop(); box.tell(); return; }
      let year = page.state.year >= span[1] ? span[0] : page.state.year;
      page.setYear(year);
      timer = setInterval(() => {
        year += 1;
        if (year >= span[1]) stop();
        page.setYear(year);
      }, 900);
      box.tell();
    };
    box.update = function () {
      if (!span) { box.hidden = true; return; }
      const { speech, state } = page;
      planner.replace(box, el("label", { for: "planner-year" }, speech.t("year")),
        el("div", { class: "planner-row" }, el("button", { type: "button", class: "planner-play", onclick: () => box.play() }),
          el("input", { type: "range", id: "planner-year", min: span[0], max: span[1], step: 1, value: state.year,
            oninput: (event) => { stop(); page.setYear(Number(event.target.value)); } })), el("output", { for: "planner-year" }));
      box.tell();
    };
    return box;
  };

  planner.panel = function (page) {
    const { speech, state, views } = page;
    const box = el("section", { class: "planner-panel" });
    const settings = el("details", { class: "planner-settings" });
    const share = el("details", { class: "planner-share" });
    const top = el("div", { class: "planner-top" });
    const fold = el("button", { type: "button", class: "planner-fold", "aria-expanded": "true", onclick: () => box.fold(!box.classList.contains("planner-folded")) }, "☰");
    box.append(fold, el("div", { class: "planner-scroll" }, top, page.parts.search, page.parts.livePanel || "", page.parts.years, page.parts.legend, page.parts.water, page.parts.charts, page.parts.city, share, settings));

    // on a small screen an open panel and a card would leave nothing of the map: one closes the other
    let before = null, moved = null; // where the map stood when the panel took its place, and where it went
    const stands = () => ({ center: page.map.getCenter(), zoom: page.map.getZoom() });
    const same = (a, b) => a !== null && a.zoom === b.zoom && a.center.equals(b.center);
    box.fold = function (folded) {
      if (folded === box.classList.contains("planner-folded")) return;
      const seen = page.compact && page.ready ? page.seen() : null, now = seen && stands();
      box.classList.toggle("planner-folded", folded);
      fold.setAttribute("aria-expanded", String(!folded));
      if (!folded && page.compact && state.selected >= 0) page.select(-1);
      if (seen === null) return;
      if (folded && same(moved, now)) page.map.setView(before.center, before.zoom, { animate: false });
      else if (seen.contains(page.extent())) page.home();
      else page.travel(seen, 21);
      before = folded ? null : now;
      moved = folded ? null : stands();
    };

    function switches() {
      return ["hillshade", "names", "hauls", "reservoirs", "dykes", "constraints", "homes"].filter((name) => page.overlays[name]).map((name) =>
        el("label", { class: "planner-switch" },
          el("input", { type: "checkbox", id: "planner-" + name, checked: page.shown[name], onchange: (event) => page.setOverlay(name, event.target.checked) }), speech.t(name)));
    }

    // what could be done instead: the same map by the target of another plan
    function scenarios() {
      const list = page.config.scenarios || [];
      if (!list.length || page.config.live) return null; // what is planned again is compared by undoing
      return el("div", { class: "planner-scenarios", role: "group", "aria-label": speech.t("scenario") }, el("span", {}, speech.t("scenario")),
        list.map((one) => el("button", { type: "button", "data-scenario": one.view, "aria-pressed": String(state.view === one.view), onclick: () => page.setView(one.view) }, speech.pick(one.name))));
    }

    box.update = function () {
      box.setAttribute("aria-label", speech.t("panel"));
      fold.setAttribute("aria-label", speech.t("fold"));
      const entries = views.specs.map((spec) => [spec.key, speech.pick(spec.label)]);
      planner.replace(top, scenarios(),
        choice(speech.t("view"), "planner-view", entries, state.view, (key) => page.setView(key)),
        choice(speech.t("swipe_with"), "planner-other", [["", speech.t("no_swipe")], ...entries], state.other, (key) => page.setOther(key)));
      planner.replace(share, el("summary", {}, speech.t("share")), planner.shareButtons(page));
      planner.replace(settings, el("summary", {}, speech.t("settings")),
        choice(speech.t("language"), "planner-lang", [["en", "English"], ["zh", "中文"]], state.lang, (lang) => page.setLanguage(lang)),
        page.config.area ? null : choice(speech.t("area_unit"), "planner-unit", [["mu", speech.t("mu_name")], ["ha", speech.t("ha_name")]], speech.areaUnit, (unit) => page.setUnit(unit)),
        choice(speech.t("palette"), "planner-palette", ["soft", "contrast", "survey"].map((name, i) => [String(i), speech.t("palette_" + name)]), String(state.palette), (i) => page.setPalette(Number(i))),
        choice(speech.t("dark"), "planner-darkness", ["auto", "on", "off"].map((mode) => [mode, speech.t("dark_" + mode)]), state.dark, (mode) => page.setDark(mode)),
        el("label", { class: "planner-choice" }, el("span", {}, speech.t("opacity")),
          el("input", { type: "range", id: "planner-opacity", min: planner.FAINTEST, max: 1, step: 0.01, value: state.opacity, oninput: (event) => page.setOpacity(Number(event.target.value)) })),
        switches(),
        el("label", { class: "planner-switch" },
          el("input", { type: "checkbox", id: "planner-keys", checked: state.keys, onchange: (event) => { state.keys = event.target.checked; } }), speech.t("keys")),
        el("p", { class: "planner-fine" }, speech.t("keys_help")));
      for (const part of ["search", "livePanel", "years", "legend", "water", "charts", "city"]) if (page.parts[part]) page.parts[part].update();
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
      where.textContent = "E " + page.speech.number(x, 1) + "  N " + page.speech.number(y, 1) + " m · " + place.crs + (hovered >= 0 ? " · " + planner.hoverText(page, hovered, page.state.over) : "");
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

// The page's state in its address: place, view, comparison, filter, palette, opacity, units, level, year; and back.
(function (planner) {
  "use strict";

  function hiddenText(views) {
    const parts = [];
    views.hidden.forEach((set, key) => { if (set.size) parts.push(key + ":" + [...set].sort((a, b) => a - b).join(".")); });
    views.ranges.forEach((range, column) => parts.push("~" + column + ":" + range.map((v) => Number(v.toPrecision(6))).join("_")));
    return parts.join(",");
  }

  planner.writeAddress = function (page) {
    const { state, map, views, config } = page;
    const put = new URLSearchParams();
    put.set("view", state.view);
    put.set("lang", state.lang);
    const middle = map.getCenter();
    put.set("at", [middle.lat.toFixed(5), middle.lng.toFixed(5), Number(map.getZoom().toFixed(2))].join(","));
    if (state.other) put.set("with", state.other + "," + Math.round(page.parts.divider.share * 100));
    const hidden = hiddenText(views);
    if (hidden) put.set("hide", hidden);
    if (state.palette) put.set("palette", String(state.palette));
    if (page.speech.areaUnit !== (page.config.area || "mu")) put.set("area", page.speech.areaUnit);
    if (config.years && state.year < config.years[1]) put.set("year", String(state.year));
    const over = Object.keys(page.overlays).filter((name) => page.shown[name]).join(".");
    if (over !== page.usualOverlays) put.set("over", over);
    const water = page.parts.water && page.parts.water.address();
    if (water) put.set("water", water);
    if (state.dark !== "auto") put.set("dark", state.dark);
    if (state.opacity !== config.opacity) put.set("opacity", String(state.opacity));
    if (state.selected >= 0) put.set("unit", page.texts.ids[state.selected]);
    return "#" + put.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  };

  // before the parts are built: what they start from
  planner.recall = function (page, config) {
    const asked = new URLSearchParams(location.hash.slice(1));
    const { state, views } = page;
    const chinese = config.lang === "en" && !asked.has("lang") && /^zh\b/i.test(navigator.language || "");
    if (chinese) state.lang = page.speech.lang = "zh"; // a page written in English speaks Chinese to a Chinese browser
    if (["en", "zh"].includes(asked.get("lang"))) state.lang = page.speech.lang = asked.get("lang");
    if (views.byKey.has(asked.get("view"))) state.view = asked.get("view");
    const palette = Number(asked.get("palette"));
    if ([1, 2].includes(palette)) state.palette = palette;
    if (asked.get("area") === "ha" && !config.area) page.speech.areaUnit = "ha";
    if (["on", "off"].includes(asked.get("dark"))) state.dark = asked.get("dark");
    const opacity = Number(asked.get("opacity"));
    if (opacity >= planner.FAINTEST && opacity <= 1) page.setOpacity(opacity);
    const year = Math.round(Number(asked.get("year")));
    if (config.years && year >= config.years[0] && year < config.years[1]) state.year = year;
    for (const part of (asked.get("hide") || "").split(",").filter(Boolean)) {
      const [key, list] = part.split(":");
      if (key[0] === "~") { // only what a chart can brush: its filter is told, and can be lifted
        const range = (list || "").split("_").filter(Boolean).map(Number);
        const charted = config.charts.histograms.some((one) => one.column === key.slice(1)) && page.columns[key.slice(1)];
        if (charted && range.length === 2 && range.every(isFinite)) views.ranges.set(key.slice(1), range.sort((a, b) => a - b));
      } else if (views.byKey.has(key)) {
        const known = views.byKey.get(key).classes.length;
        (list || "").split(".").filter(Boolean).map(Number).filter((i) => Number.isInteger(i) && i >= 0 && i < known).forEach((i) => views.hidden.get(key).add(i));
      }
    }
    page.visible = views.visible();
    return asked;
  };

  // the place that an address names; null where it names none, or one from which nothing of the plan is seen
  function placed(page, asked) {
    const found = /^(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)$/.exec(asked.get("at") || "");
    const [lat, lng, zoom] = found ? found.slice(1).map(Number) : [NaN, NaN, NaN];
    if (!(Math.abs(lat) < 85 && Math.abs(lng) <= 180 && isFinite(zoom))) return null;
    page.map.setView([lat, lng], zoom, { animate: false });
    return page.map.getBounds().intersects(page.extent()) ? [lat, lng] : null;
  }

  // after the parts are built: what they show
  planner.follow = function (page, asked) {
    const at = placed(page, asked);
    if (!at) page.home();
    const [other, share] = (asked.get("with") || "").split(",");
    if (page.views.byKey.has(other)) {
      page.setOther(other);
      if (share) page.parts.divider.set(Number(share) / 100);
    }
    if (asked.has("over")) {
      const wanted = asked.get("over").split(".");
      for (const name in page.overlays) page.setOverlay(name, wanted.includes(name));
    }
    if (page.parts.water && asked.get("water")) page.parts.water.recall(asked.get("water"));
    const unit = page.texts.ids.indexOf(asked.get("unit") || "");
    if (unit >= 0) page.select(unit, !at);
  };

  planner.copyText = async function (text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) { // a file opened from disk may not use the clipboard directly
      const area = planner.el("textarea", { style: { position: "fixed", opacity: "0" } });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
})((window.planner = window.planner || {}));

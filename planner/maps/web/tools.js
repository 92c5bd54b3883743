// Measuring a line and an area, and a section through the ground: today, as it is to be built, and the water.
(function (planner) {
  "use strict";
  const el = planner.el, SAMPLES = 240;

  // points in the site's own coordinates, m, as they are told under the mouse
  const sited = (page, points) => points.map((latlng) => { const p = L.CRS.EPSG3857.project(latlng); return planner.siteXY(page.config.place.back, p.x, p.y); });

  // length of a line there, m
  function length(page, points) {
    return sited(page, points).reduce((sum, [x, y], i, all) => sum + (i ? Math.hypot(x - all[i - 1][0], y - all[i - 1][1]) : 0), 0);
  }

  // plane area there, m²
  function area(page, points) {
    const xy = sited(page, points);
    let sum = 0;
    xy.forEach(([x, y], i) => { const [x1, y1] = xy[(i + 1) % xy.length]; sum += (x - xy[0][0]) * (y1 - xy[0][1]) - (x1 - xy[0][0]) * (y - xy[0][1]); });
    return Math.abs(sum) / 2;
  }

  // the raster's values at a place: ground today and finished, m; NaN outside
  planner.groundAt = function (page, latlng) {
    const raster = page.config.raster;
    if (!raster || !page.flood || !page.flood.columns.today) return null;
    const project = (pair) => L.CRS.EPSG3857.project(L.latLng(pair));
    const sw = project(raster.bounds[0]), ne = project(raster.bounds[1]), p = project(latlng);
    const col = Math.floor(((p.x - sw.x) / (ne.x - sw.x)) * raster.cols), row = Math.floor(((ne.y - p.y) / (ne.y - sw.y)) * raster.rows);
    if (col < 0 || row < 0 || col >= raster.cols || row >= raster.rows) return { today: NaN, finished: NaN, lake: -1, reach: NaN };
    const i = row * raster.cols + col, { today, bed, lake, reach } = page.flood.columns;
    return { today: today.at(i), finished: bed.at(i), lake: lake.values[i], reach: reach.at(i) };
  };

  function section(page, a, b) {
    const { speech } = page, rows = [], total = length(page, [a, b]);
    for (let k = 0; k <= SAMPLES; k++) {
      const t = k / SAMPLES, at = L.latLng(a.lat + (b.lat - a.lat) * t, a.lng + (b.lng - a.lng) * t);
      const found = planner.groundAt(page, at);
      const level = found.lake >= 0 ? page.parts.water.levelOf(found.lake) : NaN; // as it is drawn
      rows.push({ d: t * total, today: found.today, finished: found.finished, water: found.reach <= level ? level : NaN });
    }
    const all = rows.flatMap((row) => [row.today, row.finished, row.water]).filter(isFinite);
    if (!all.length) return el("p", {}, speech.t("section_outside"));
    const low = Math.min(...all), high = Math.max(...all), W = 640, H = 190, svg = planner.svg;
    const x = (d) => 44 + (d / total) * (W - 54), y = (z) => 10 + ((high - z) / (high - low || 1)) * (H - 40);
    const line = (name, kind) => {
      let path = "", pen = false;
      rows.forEach((row) => { if (isFinite(row[name])) { path += (pen ? "L" : "M") + x(row.d).toFixed(1) + " " + y(row[name]).toFixed(1); pen = true; } else pen = false; });
      return svg("path", { d: path, class: "planner-section-" + kind, fill: "none" });
    };
    const wet = rows.map((row, i) => (isFinite(row.water) && row.water > row.finished && i < SAMPLES ? svg("rect", { x: x(row.d), y: y(row.water), width: (W - 54) / SAMPLES + 0.3, height: Math.max(0, y(row.finished) - y(row.water)), class: "planner-section-water" }) : null));
    const step = planner.roundStep(high - low), ticks = [];
    for (let z = Math.ceil(low / step) * step; z <= high; z += step) ticks.push(svg("text", { x: 40, y: y(z) + 4, "text-anchor": "end" }, speech.number(z, step < 1 ? 1 : 0)));
    const levels = [...new Set(rows.map((row) => row.water).filter(isFinite))].map((z) => speech.metres(z, 2));
    const key = ["today", "finished", "water"].map((name) => el("span", { class: "planner-key-" + name }, [speech.t("section_" + name), ...(name === "water" ? levels : [])].join(" ")));
    return el("div", {}, el("p", { class: "planner-charttitle" }, speech.t("section") + speech.t("colon") + speech.metres(total, 0)), el("p", { class: "planner-keys" }, key),
      svg("svg", { viewBox: "0 0 " + W + " " + H, role: "img", class: "planner-chart", "aria-label": speech.t("section") }, wet, line("today", "today"), line("finished", "finished"), ticks,
        svg("text", { x: 44, y: H - 6 }, "0"), svg("text", { x: W - 10, y: H - 6, "text-anchor": "end" }, speech.metres(total, 0))));
  }

  planner.tools = function (page) {
    const map = page.map, box = el("div", { class: "planner-tools" });
    const buttons = el("div", { class: "planner-toolbar", role: "group" }), out = el("div", { class: "planner-toolout", hidden: true });
    box.append(buttons, out);
    const line = L.polyline([], { pane: "planner-tools", color: "#b3261e", weight: 3, dashArray: "6 4", interactive: false });
    const field = L.polygon([], { pane: "planner-tools", stroke: false, fillColor: "#b3261e", fillOpacity: 0.15, interactive: false });
    let points = [];

    function show() {
      const { speech } = page;
      line.setLatLngs(points);
      field.setLatLngs(page.tool === "measure" && points.length > 2 ? points : []);
      out.hidden = !page.tool;
      if (page.tool === "measure") {
        const parts = [speech.t("measured", { length: speech.metres(length(page, points), 0) })];
        if (points.length > 2) parts.push(speech.area((area(page, points) * 15) / 1e4));
        planner.replace(out, el("output", {}, points.length < 2 ? speech.t("measure_how") : parts.join(" · ")));
      } else if (page.tool === "section") {
        planner.replace(out, points.length < 2 ? el("output", {}, speech.t("section_how")) : section(page, points[0], points[1]));
      }
    }
    box.start = function (tool) {
      const again = page.tool === tool;
      box.stop();
      if (again) return;
      page.tool = tool;
      map.doubleClickZoom.disable();
      map.getContainer().classList.add("planner-aiming");
      line.addTo(map);
      field.addTo(map);
      box.update();
      show();
    };
    box.stop = function () {
      if (page.tool !== "measure" && page.tool !== "section") return;
      page.tool = "";
      points = [];
      line.remove();
      field.remove();
      out.hidden = true;
      map.doubleClickZoom.enable();
      map.getContainer().classList.remove("planner-aiming");
      box.update();
    };
    map.on("click", (event) => {
      if (page.tool !== "measure" && page.tool !== "section") return; // a lasso is no point
      points = page.tool === "section" && points.length >= 2 ? [event.latlng] : [...points, event.latlng];
      show();
    });
    box.update = function () {
      const { speech } = page;
      const button = (tool, sign) => el("button", { type: "button", id: "planner-" + tool, "aria-pressed": String(page.tool === tool), title: speech.t(tool), "aria-label": speech.t(tool), onclick: () => box.start(tool) }, sign);
      planner.replace(buttons, button("measure", "⟷"), planner.groundAt(page, map.getCenter()) ? button("section", "/\\") : null);
      if (page.tool) show();
    };
    return box;
  };
})((window.planner = window.planner || {}));

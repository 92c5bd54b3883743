// The map in a notebook: choosing by click and lasso, locks, limits on sliders, planning again; Python is asked by messages.
(function (planner) {
  "use strict";
  const el = planner.el;

  // tells the notebook; a page that was opened alone has nobody to tell
  function tell(message) {
    if (window.parent !== window) window.parent.postMessage({ planner: message }, "*");
  }

  // new values of some units: columns are changed in place, and only tiles that show one of them are drawn again
  planner.change = function (page, message) {
    const place = planner.placeOf(page), found = message.units.map((id) => place.get(id));
    if (!page.loaded) page.loaded = Object.fromEntries(["target", "treatment"].map((name) => [name, page.columns[name].values.slice()]));
    for (const name in message.columns) {
      const column = page.columns[name], values = message.columns[name];
      if (!column) continue;
      const words = page.texts.words[name];
      found.forEach((u, i) => {
        if (u === undefined) return;
        const value = values[i];
        if (words) { let code = words.indexOf(value); if (code < 0) { words.push(value); code = words.length - 1; } column.values[u] = code; }
        else column.values[u] = value === null ? planner.MISSING : Math.round(value / column.scale);
      });
    }
    const options = page.config.options || [];
    found.forEach((u) => {
      if (u === undefined) return;
      const pair = planner.textAt(page, "target", u) + ":" + planner.textAt(page, "treatment", u);
      if (page.columns.option) page.columns.option.values[u] = options.indexOf(pair);
      if (page.columns.changed) {
        const mine = page.columns.target.values[u], rules = page.columns.rules_target.values[u];
        page.columns.changed.values[u] = mine === rules ? Object.keys(page.config.targets).length : rules < 0 ? -1 : mine;
      }
    });
    found.forEach((u) => { if (u !== undefined) page.replanned[["target", "treatment"].every((name) => page.columns[name].values[u] === page.loaded[name][u]) ? "delete" : "add"](u); });
    page.views._classes.clear();
    page._present.clear();
    page.visible = page.views.visible();
    const redrawn = page.main.redraw(page._paint(page.state.view), found.filter((u) => u !== undefined));
    if (page.state.other) page.second.redraw(page._paint(page.state.other), found.filter((u) => u !== undefined));
    for (const name of ["panel", "card", "header"]) page.parts[name].update();
    return redrawn;
  };

  planner.placeOf = function (page) {
    if (!page._place) page._place = new Map(page.texts.ids.map((id, u) => [id, u]));
    return page._place;
  };

  planner.live = function (page) {
    const asked = page.config.live;
    if (!asked) return null;
    const box = el("details", { class: "planner-live-panel", open: true });
    const chosen = new Set(), locks = new Map(), values = { ...asked.values };
    const mark = L.polygon([], { pane: "planner-mark", color: "#7b1fa2", weight: 2.5, fillColor: "#7b1fa2", fillOpacity: 0.15, interactive: false }).addTo(page.map);
    const held = L.polygon([], { pane: "planner-mark", color: "#e65100", weight: 2, dashArray: "4 3", fill: false, interactive: false }).addTo(page.map);
    let status = "", drawing = null, lasso = false;

    function showLocks() {
      const place = planner.placeOf(page);
      held.setLatLngs([...locks.keys()].map((id) => place.get(id)).filter((u) => u !== undefined).map((u) => page.units.rings(u)));
      box.update();
    }

    const area = () => [...chosen].reduce((sum, u) => sum + (page.columns.area_mu.at(u) || 0), 0);
    function choose(units, add) {
      if (!add) chosen.clear();
      units.forEach((u) => (add && units.length === 1 && chosen.has(u) ? chosen.delete(u) : chosen.add(u)));
      mark.setLatLngs([...chosen].map((u) => page.units.rings(u)));
      tell({ kind: "selected", units: [...chosen].map((u) => page.texts.ids[u]) });
      box.update();
    }
    page.choose = choose;

    page.map.on("click", (event) => {
      if (page.tool || lasso) return;
      const u = page.unitUnder(event.latlng);
      choose(u < 0 ? [] : [u], event.originalEvent && event.originalEvent.shiftKey);
    });
    const line = L.polyline([], { pane: "planner-tools", color: "#7b1fa2", weight: 2, interactive: false }).addTo(page.map);
    page.map.on("mousedown", (event) => { if (lasso) { drawing = [event.latlng]; page.map.dragging.disable(); } });
    page.map.on("mousemove", (event) => { if (drawing) { drawing.push(event.latlng); line.setLatLngs(drawing); } });
    page.map.on("mouseup", () => {
      if (!drawing) return;
      const ring = drawing.map((latlng) => { const p = L.CRS.EPSG3857.project(latlng); return page.units.toSteps(p.x, p.y); });
      drawing = null;
      line.setLatLngs([]);
      page.map.dragging.enable();
      setLasso(false);
      choose(planner.within(page, ring), false);
    });
    function setLasso(on) {
      setTimeout(() => { lasso = on; page.tool = on ? "lasso" : ""; }, on ? 0 : 50); // the click that ends a lasso chooses nothing
      page.map.getContainer().classList.toggle("planner-aiming", on);
    }

    box.receive = function (message) {
      if (message.kind === "plan") {
        const before = performance.now();
        const tiles = message.units.length ? planner.change(page, message) : 0;
        box.dataset.tiles = tiles;
        box.dataset.milliseconds = Math.round(performance.now() - before);
        if (message.values) Object.assign(values, message.values);
        if (message.locks) { locks.clear(); for (const id in message.locks) locks.set(id, message.locks[id]); showLocks(); }
      }
      if (message.choose) choose(message.choose.map((id) => planner.placeOf(page).get(id)).filter((u) => u !== undefined), false);
      if ("status" in message) status = message.status[page.state.lang === "zh" ? 1 : 0];
      box.dataset.turn = message.turn || box.dataset.turn || 0;
      box.update();
    };
    window.addEventListener("message", (event) => {
      if (event.source === window.parent && event.data && event.data.plannerHost) box.receive(event.data.plannerHost);
    });

    function slider(key, label, range) {
      const out = el("output", {}, page.speech.number(values[key] / range.scale, range.digits));
      return el("label", { class: "planner-limit" }, el("span", {}, label), out,
        el("input", { type: "range", id: "planner-live-" + key.replaceAll(".", "-"), min: range.min, max: range.max, step: range.step, value: values[key],
          oninput: (event) => { values[key] = Number(event.target.value); out.textContent = page.speech.number(values[key] / range.scale, range.digits); } }));
    }

    box.update = function () {
      const { speech } = page, words = { targets: (t) => planner.labelOf(page, "targets", t) };
      const label = (range) => (range.target ? speech.t("live_quota", { target: words.targets(range.target) }) : speech.t(range.word === "level" ? "live_level" : "live_budget"));
      const pick = el("select", { "aria-label": speech.t("live_lock"), id: "planner-live-target" }, Object.keys(page.config.targets).map((t) => el("option", { value: t }, words.targets(t))));
      const button = (id, word, act) => el("button", { type: "button", id: "planner-live-" + id, onclick: act }, speech.t(word));
      planner.replace(box, el("summary", {}, speech.t("live")),
        Object.keys(asked.ranges).map((key) => slider(key, label(asked.ranges[key]), asked.ranges[key])),
        el("p", { class: "planner-fine" }, speech.t("live_chosen", { units: speech.number(chosen.size), area: speech.area(area()) }) + " · " + speech.t("live_locked", { units: speech.number(locks.size) })),
        el("div", { class: "planner-buttons" },
          button("lasso", "live_lasso", () => setLasso(true)),
          el("label", {}, speech.t("live_lock"), " ", pick),
          el("button", { type: "button", id: "planner-live-lock", onclick: () => { [...chosen].forEach((u) => locks.set(page.texts.ids[u], pick.value)); showLocks(); } }, speech.t("live_lock_now")),
          button("unlock", "live_unlock", () => { [...chosen].forEach((u) => locks.delete(page.texts.ids[u])); showLocks(); })),
        el("div", { class: "planner-buttons" },
          button("solve", "live_solve", () => {
            status = speech.t("live_working");
            box.update();
            tell({ kind: "solve", values: { ...values }, locks: Object.fromEntries(locks) });
          }),
          button("undo", "live_undo", () => tell({ kind: "undo" }))),
        el("output", { class: "planner-live-status", "aria-live": "polite" }, status || speech.t("live_ready")));
    };
    setTimeout(() => tell({ kind: "ready" }), 0);
    return box;
  };

  // units whose middle lies inside a ring of steps
  planner.within = function (page, ring) {
    const found = [], n = ring.length, units = page.units;
    if (n < 3) return found;
    const xs = ring.map((p) => p[0]), ys = ring.map((p) => p[1]);
    for (const u of units.within(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys))) {
      if (!page.visible[u]) continue;
      const px = (units.west[u] + units.east[u]) / 2, py = (units.south[u] + units.north[u]) / 2;
      let inside = false;
      for (let k = 0, j = n - 1; k < n; j = k++) {
        if (ys[k] > py !== ys[j] > py && px < ((xs[j] - xs[k]) * (py - ys[k])) / (ys[j] - ys[k]) + xs[k]) inside = !inside;
      }
      if (inside) found.push(u);
    }
    return found;
  };
})((window.planner = window.planner || {}));

// The page: one state, the parts that show it, and what changes it.
(function (planner) {
  "use strict";
  const el = planner.el;
  const PANES = { "planner-units": 410, "planner-other": 411, "planner-water": 420, "planner-lakes": 430, "planner-hauls": 440, "planner-mark": 450 };

  class Page {
    constructor(map, config, units, texts) {
      this.map = map;
      this.config = config;
      this.columns = units.columns;
      this.texts = texts;
      this.units = units;
      this.speech = new planner.Speech(config.words, config.lang);
      this.views = new planner.Views(config.views, this.columns, units.count);
      this.state = { lang: config.lang, view: config.views[0].key, other: "", palette: 0, opacity: config.opacity, selected: -1, hovered: -1, keys: true, year: config.years ? config.years[1] : 0 };
      this.visible = this.views.visible();
      this.overlays = {};
      this.shown = {};
      this.parts = {};
      this._present = new Map();
      this._panes();
      this._layers();
    }

    _panes() {
      for (const name in PANES) {
        const pane = this.map.getPane(name) || this.map.createPane(name);
        pane.style.zIndex = PANES[name];
        if (name !== "planner-units") pane.style.pointerEvents = "none";
      }
    }

    _layers() {
      const paint = this._paint(this.state.view);
      this.main = new planner.CanvasUnits(this.units, paint, { pane: "planner-units" }).addTo(this.map);
      this.second = new planner.CanvasUnits(this.units, paint, { pane: "planner-other" });
      this.setOpacity(this.state.opacity);
      const config = this.config;
      const svg = (pane) => L.svg({ pane: pane });
      if (config.hillshade) this.overlays.hillshade = L.imageOverlay(config.hillshade.url, config.hillshade.bounds, { pane: "tilePane", zIndex: 50, alt: "" });
      if (config.outlines.length) {
        this.overlays.reservoirs = L.layerGroup(config.outlines.map((ring) => L.polyline(ring, { pane: "planner-lakes", renderer: this._lakes || (this._lakes = svg("planner-lakes")), color: "#0b2f5c", weight: 1.6, interactive: false })));
      }
      if (config.constraints.length) {
        const pen = { pane: "planner-lakes", renderer: this._lakes || (this._lakes = svg("planner-lakes")), color: "#7a2e0b", weight: 1.6, dashArray: "5 4", interactive: false };
        this.overlays.constraints = L.layerGroup(config.constraints.map((ring) => L.polyline(ring, pen)));
      }
      if (config.hauls.length) this.overlays.hauls = new planner.Hauls(config.hauls);
      this.shown = { hillshade: true, reservoirs: true, hauls: false, constraints: false };
      for (const name in this.overlays) if (this.shown[name]) this.overlays[name].addTo(this.map);
      this._markRenderer = svg("planner-mark");
      this.hoverMark = L.polygon([], { pane: "planner-mark", renderer: this._markRenderer, color: "#111", weight: 2, fill: false, interactive: false }).addTo(this.map);
      this.selectMark = L.polygon([], { pane: "planner-mark", renderer: this._markRenderer, color: "#ffd400", weight: 3.5, fill: false, interactive: false }).addTo(this.map);
    }

    // which classes of a view occur at all
    present(key) {
      if (!this._present.has(key)) {
        const seen = this.views.byKey.get(key).classes.map(() => false);
        for (const c of this.views.classes(key)) seen[c] = true;
        this._present.set(key, seen);
      }
      return this._present.get(key);
    }

    _paint(key) {
      return this.views.paint(key, this.state.palette, this.visible, this._faded());
    }

    _faded() {
      const span = this.config.years;
      if (!span || this.state.year >= span[1]) return null;
      const ready = this.columns.ready_year;
      const out = new Uint8Array(this.units.count);
      for (let u = 0; u < out.length; u++) out[u] = ready.at(u) > this.state.year ? 1 : 0;
      return out;
    }

    readyArea() {
      const faded = this._faded();
      let total = 0;
      for (let u = 0; u < this.units.count; u++) if (this.visible[u] && !(faded && faded[u])) total += this.columns.area_mu.at(u) || 0;
      return total;
    }

    repaint() {
      this.main.setPaint(this._paint(this.state.view));
      if (this.state.other) this.second.setPaint(this._paint(this.state.other));
    }

    refilter() {
      this.visible = this.views.visible();
      this.repaint();
      this.parts.panel.update();
    }

    setView(key) {
      this.state.view = key;
      this.repaint();
      this.parts.panel.update();
      this._remember();
    }

    setOther(key) {
      this.state.other = key;
      if (key) { this.second.setPaint(this._paint(key)); this.second.addTo(this.map); } else this.second.remove();
      this.parts.divider.update();
      this.parts.panel.update();
      this._swipeNames();
    }

    _swipeNames() {
      const name = (key) => this.speech.pick(this.views.byKey.get(key).label);
      this.parts.divider.dataset.left = this.state.other ? name(this.state.view) : "";
      this.parts.divider.dataset.right = this.state.other ? name(this.state.other) : "";
    }

    setPalette(index) {
      this.state.palette = index;
      this.repaint();
      this.update();
    }

    setOpacity(value) {
      this.state.opacity = value;
      for (const name of ["planner-units", "planner-other"]) this.map.getPane(name).style.opacity = value;
      this.map.getContainer().parentNode.style.setProperty("--fill-opacity", value);
    }

    setUnit(unit) {
      this.speech.areaUnit = unit;
      this.update();
    }

    setLanguage(lang) {
      this.state.lang = this.speech.lang = lang;
      this.update();
      this._remember();
    }

    setOverlay(name, on) {
      this.shown[name] = on;
      if (on) this.overlays[name].addTo(this.map);
      else this.overlays[name].remove();
    }

    update() {
      for (const name in this.parts) if (this.parts[name] && this.parts[name].update && !["search", "legend", "water"].includes(name)) this.parts[name].update();
      this.map.getContainer().setAttribute("aria-label", this.speech.t("map_label", { site: this.speech.pick([this.config.site.name_en || this.config.site.name, this.config.site.name]), units: this.speech.number(this.units.count) }));
      this._swipeNames();
    }

    parcelName(u) {
      const id = planner.textAt(this, "parcel_id", u);
      const names = this.config.names[id];
      return id ? this.speech.t("parcel") + " " + id + (names ? " · " + this.speech.pick(names) : "") : "";
    }

    hover(u) {
      if (u === this.state.hovered) return;
      this.state.hovered = u;
      this.hoverMark.setLatLngs(u < 0 ? [] : this.units.rings(u));
      this.map.getContainer().style.cursor = u < 0 ? "" : "pointer";
      this.parts.tip.hidden = u < 0;
      if (u >= 0) this.parts.tip.textContent = planner.hoverText(this, u);
    }

    select(u, travel) {
      this.state.selected = u;
      this.selectMark.setLatLngs(u < 0 ? [] : this.units.rings(u));
      this.parts.card.update();
      if (u >= 0) {
        this.parts.live.textContent = planner.hoverText(this, u);
        if (travel) this._travel(this.units.bounds(u), Math.max(16, this.map.getZoom()));
      }
      this._remember();
    }

    showParcel(code) {
      const values = this.columns.parcel_id.values;
      const bounds = L.latLngBounds([]);
      for (let u = 0; u < values.length; u++) if (values[u] === code) this.units.bounds(u).forEach((corner) => bounds.extend(corner));
      if (bounds.isValid()) this._travel(bounds, 18);
    }

    // shows a place beside the card and the panel, not behind them
    _travel(bounds, maxZoom) {
      const size = this.map.getSize(), wide = size.x > 700;
      this.map.fitBounds(bounds, {
        animate: false, maxZoom: maxZoom,
        paddingTopLeft: wide ? [Math.min(370, size.x * 0.28), 90] : [20, 100],
        paddingBottomRight: wide ? [Math.min(380, size.x * 0.3), 50] : [20, size.y * 0.58],
      });
    }

    // the next visible unit in the plan's order
    step(by) {
      const n = this.units.count;
      let u = this.state.selected < 0 ? (by > 0 ? -1 : n) : this.state.selected;
      for (let k = 0; k < n; k++) {
        u = (u + by + n) % n;
        if (this.visible[u]) return this.select(u, true);
      }
    }

    unitUnder(latlng) {
      const p = L.CRS.EPSG3857.project(latlng);
      const u = this.units.at(p.x, p.y);
      return u >= 0 && this.visible[u] ? u : -1;
    }

    _remember() {
      const parts = ["view=" + this.state.view, "lang=" + this.state.lang];
      if (this.state.selected >= 0) parts.push("unit=" + encodeURIComponent(this.texts.ids[this.state.selected]));
      try { history.replaceState(null, "", "#" + parts.join("&")); } catch (error) { /* a srcdoc frame has no address to write */ }
    }

    recall() {
      const wanted = new URLSearchParams(location.hash.slice(1));
      if (["en", "zh"].includes(wanted.get("lang"))) this.state.lang = this.speech.lang = wanted.get("lang");
      if (this.views.byKey.has(wanted.get("view"))) this.state.view = wanted.get("view");
      return this.texts.ids.indexOf(wanted.get("unit") || "");
    }
  }

  function listen(page) {
    const map = page.map, tip = page.parts.tip;
    map.on("mousemove", (event) => {
      page.hover(page.unitUnder(event.latlng));
      tip.style.left = event.containerPoint.x + 14 + "px";
      tip.style.top = event.containerPoint.y + 14 + "px";
    });
    map.on("mouseout", () => page.hover(-1));
    map.on("click", (event) => page.select(page.unitUnder(event.latlng)));
    document.addEventListener("keydown", (event) => {
      if ((!page.state.keys && event.key !== "Escape") || event.ctrlKey || event.metaKey || event.altKey || /^(SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.type === "search") return;
      const act = {
        n: () => page.step(1), p: () => page.step(-1),
        l: () => page.setLanguage(page.state.lang === "zh" ? "en" : "zh"),
        s: () => page.setOther(page.state.other ? "" : (page.config.views.find((v) => v.key !== page.state.view) || {}).key || ""),
        "/": () => document.getElementById("planner-search").focus(),
        Enter: () => { if (event.target === map.getContainer() && page.state.selected >= 0) page.parts.card.focus(); },
        Escape: () => { page.select(-1); map.getContainer().focus(); },
      }[event.key];
      if (!act) return;
      if (event.key !== "Enter") event.preventDefault();
      act();
    });
  }

  planner.text = (id) => document.getElementById(id).textContent;

  // Called by the folium layer: map, configuration, and the id of the element that holds the units' block.
  planner.start = async function (map, config, blockId, waterId) {
    const root = map.getContainer().parentNode;
    root.classList.add("planner-page"); // already there, but for a layer that was added to somebody's own map
    try {
      const block = await planner.decode(planner.text(blockId));
      document.getElementById(blockId).remove();
      const units = new planner.Units(block.columns, block.texts.frame);
      for (const name of ["x", "y", "ring_sizes", "rings_per_unit"]) delete block.columns[name];
      units.columns = block.columns;
      const page = new Page(map, config, units, block.texts);
      page.root = root;
      const wanted = page.recall();
      let flood = null;
      if (waterId) {
        const water = await planner.decode(planner.text(waterId));
        flood = new planner.Flood(map, config.raster, water.columns);
      }
      page.flood = flood;
      page.parts = {
        tip: el("div", { class: "planner-tip", hidden: true, "aria-hidden": "true" }),
        live: el("div", { class: "planner-live", "aria-live": "polite" }),
        header: planner.header(page), search: planner.search(page), legend: planner.legend(page),
        water: config.reservoirs.length ? planner.waterPanel(page, flood) : null,
        divider: planner.swipe(page), card: planner.card(page), status: planner.status(page), north: planner.north(page),
      };
      page.parts.panel = planner.panel(page);
      for (const name of ["header", "panel", "card", "divider", "tip", "status", "north", "live"]) root.append(page.parts[name]);
      for (const name of ["header", "panel", "card"]) L.DomEvent.disableClickPropagation(page.parts[name]).disableScrollPropagation(page.parts[name]);
      listen(page);
      page.update();
      if (page.state.view !== config.views[0].key) page.setView(page.state.view);
      if (config.other) page.setOther(config.other);
      if (wanted >= 0) page.select(wanted, true);
      planner.page = page;
      root.dataset.ready = "yes";
    } catch (error) {
      const old = error.message === "old-browser";
      root.append(el("p", { class: "planner-fault", role: "alert" }, config.words[old ? "old_browser" : "broken"][config.lang === "zh" ? 1 : 0]));
      if (!old) throw error;
    }
  };
})((window.planner = window.planner || {}));

// The page: one state, the parts that show it, and what changes it.
(function (planner) {
  "use strict";
  const el = planner.el;
  const PANES = { "planner-units": 410, "planner-other": 411, "planner-water": 420, "planner-lakes": 430, "planner-works": 432, "planner-hauls": 440, "planner-names": 445, "planner-mark": 450, "planner-tools": 455 };
  const LINES = { // how what is drawn over the units is drawn
    reservoirs: { colour: "#0b2f5c", width: 1.6, dash: [] }, dykes: { colour: "#e8890c", width: 3, dash: [] },
    constraints: { colour: "#7a2e0b", width: 1.6, dash: [5, 4] }, hauls: { colour: "#3b2a14", width: 4, dash: [] } };
  planner.LINES = LINES;
  planner.FAINTEST = 0.2; // opacity below which units could not be told apart
  const NARROW = 900, LOW = 520; // px below which panel and card are sheets, and where they stand beside each other

  class Page {
    constructor(map, config, units, texts) {
      this.map = map;
      this.config = config;
      this.columns = units.columns;
      this.texts = texts;
      this.units = units;
      this.speech = new planner.Speech(config.words, config.lang);
      if (config.area) this.speech.areaUnit = config.area;
      const others = new Set((config.scenarios || []).map((one) => one.view).filter((key) => key !== "plan"));
      for (const spec of config.views) {
        spec.own = !spec.today && !others.has(spec.key); // of this plan: its lakes, dykes and earth belong there
      }
      this.views = new planner.Views(config.views, this.columns, units.count);
      this.state = { dark: "auto", lang: config.lang, view: config.views[0].key, other: "", palette: 0, opacity: config.opacity, selected: -1, hovered: -1, keys: true, year: config.years ? config.years[1] : 0 };
      this.visible = this.views.visible();
      this.overlays = {};
      this.shown = {};
      this.parts = {};
      this.replanned = new Set(); // units that planning again gave another use than the plan that was loaded
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
      this.main = new planner.CanvasUnits(this.units, paint, { pane: "planner-units" });
      this.second = new planner.CanvasUnits(this.units, paint, { pane: "planner-other" });
      this.setOpacity(this.state.opacity);
      const config = this.config;
      const svg = (pane) => L.svg({ pane: pane });
      if (config.hillshade) this.overlays.hillshade = L.imageOverlay(config.hillshade.url, config.hillshade.bounds, { pane: "tilePane", zIndex: 50, alt: "" });
      const renderers = {}, drawn = (pane) => renderers[pane] || (renderers[pane] = svg(pane));
      const over = (name, rings, pane) => L.layerGroup(rings.map((ring) => L.polyline(ring, { pane: pane, renderer: drawn(pane),
        color: LINES[name].colour, weight: LINES[name].width, dashArray: LINES[name].dash.join(" ") || null, interactive: false })));
      if (config.outlines.length) this.overlays.reservoirs = over("reservoirs", config.outlines, "planner-works");
      if (config.constraints.length) this.overlays.constraints = over("constraints", config.constraints, "planner-lakes");
      if (config.dykes && config.dykes.length) this.overlays.dykes = over("dykes", config.dykes, "planner-works");
      if (config.city && config.city.homes.length) {
        this.overlays.homes = planner.cityLayer(config.city, { pane: "planner-lakes", renderer: drawn("planner-lakes"), interactive: false });
      }
      if (config.hauls.length) this.overlays.hauls = new planner.Hauls(config.hauls, this);
      if (config.places.length) this.overlays.names = new planner.Labels(config.places, this);
      this.shown = { hillshade: true, reservoirs: true, names: true, hauls: false, constraints: false, dykes: true, homes: true };
      this.usualOverlays = Object.keys(this.overlays).filter((name) => this.shown[name]).join(".");
      for (const name in this.overlays) if (this.shown[name]) this.overlays[name].addTo(this.map);
      this._markRenderer = svg("planner-mark");
      this.foundMark = L.polygon([], { pane: "planner-mark", renderer: this._markRenderer, color: "#ffd400", weight: 2, fillColor: "#ffd400", fillOpacity: 0.25, interactive: false }).addTo(this.map);
      this.hoverMark = L.polygon([], { pane: "planner-mark", renderer: this._markRenderer, color: "#111", weight: 2, fill: false, interactive: false }).addTo(this.map);
      this.selectMark = L.polygon([], { pane: "planner-mark", renderer: this._markRenderer, color: "#ffd400", weight: 3.5, fill: false, interactive: false }).addTo(this.map);
    }

    // every filter in force in words, also those of views that are not shown: [{text, lift}]
    filters() {
      const { speech, views, config } = this, found = [];
      views.hidden.forEach((set, key) => {
        if (!set.size) return;
        const spec = views.byKey.get(key), there = this.present(key);
        const names = (wanted) => spec.classes.filter((_, i) => there[i] && set.has(i) === wanted).map((entry) => speech.pick(entry.label));
        const out = names(true), left = names(false);
        const text = out.length <= left.length ? speech.t("without", { names: out.join(speech.t("comma")) }) : speech.t("only_these", { names: left.join(speech.t("comma")) || "–" });
        found.push({ text: speech.pick(spec.label) + speech.t("colon") + text, lift: () => set.clear() });
      });
      views.ranges.forEach((range, column) => {
        const chart = config.charts.histograms.find((one) => one.column === column);
        if (chart) found.push({ text: speech.pick(chart.label) + speech.t("colon") + range.map((v) => speech.number(v, chart.digits)).join(" – ") + speech.pick(chart.tail), lift: () => views.ranges.delete(column) });
      });
      return found;
    }

    // what the lines mean that are drawn over the units: [{name, colour, width, dash}], as the map and every sheet draw them
    lines() {
      const { speech, config, overlays, shown } = this;
      const own = [this.state.view, this.state.other].some((key) => key && this.views.byKey.get(key).own);
      return Object.keys(LINES).filter((name) => overlays[name] && shown[name] && (own || name === "constraints")).map((name) => ({
        name: name === "hauls" ? speech.t("haul_key", { flows: speech.number(config.hauls.length), volume: speech.cubic(config.hauls.reduce((sum, one) => sum + one.volume, 0)) }) : speech.t(name), ...LINES[name] }));
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
      return this.views.paint(key, this.state.palette, this.visible, this.faded());
    }

    faded() {
      const span = this.config.years;
      if (!span || this.state.year >= span[1]) return null;
      const ready = this.columns.ready_year;
      const out = new Uint8Array(this.units.count);
      for (let u = 0; u < out.length; u++) out[u] = ready.at(u) > this.state.year ? 1 : 0;
      return out;
    }

    readyArea() {
      const faded = this.faded();
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
      this.remember();
    }

    setView(key) {
      this.state.view = key;
      this.repaint();
      this.parts.panel.update();
      this.story.update();
      this.parts.divider.update();
      this._swipeNames();
      this.remember();
    }

    setOther(key) {
      this.state.other = key;
      if (key) this.second.setPaint(this._paint(key)); else this.second.remove();
      if (this.ready) this._draw();
      this.parts.divider.update();
      if (this.overlays.names) this.overlays.names.update();
      this.parts.panel.update();
      this._swipeNames();
      this.remember();
    }

    // only once the page knows its place: every tile before that is drawn for nothing
    _draw() {
      this.main.addTo(this.map);
      if (this.state.other) this.second.addTo(this.map);
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
      this.remember();
    }

    setYear(year) {
      this.state.year = year;
      this.repaint();
      if (this.parts.water) this.parts.water.redraw();
      this.parts.years.tell();
      this.remember();
    }

    setDark(mode) {
      this.state.dark = mode;
      const dark = mode === "on" || (mode === "auto" && window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches);
      this.root.classList.toggle("planner-dark", dark);
      this.remember();
    }

    setOpacity(value) {
      this.state.opacity = value;
      for (const name of ["planner-units", "planner-other"]) this.map.getPane(name).style.opacity = value;
      this.map.getContainer().parentNode.style.setProperty("--fill-opacity", value);
      this.remember();
    }

    setUnit(unit) {
      this.speech.areaUnit = unit;
      this.update();
      this.remember();
    }

    setLanguage(lang) {
      this.state.lang = this.speech.lang = lang;
      this.update();
      this.remember();
    }

    setOverlay(name, on) {
      this.shown[name] = on;
      if (on) this.overlays[name].addTo(this.map);
      else this.overlays[name].remove();
      if (name === "hauls" && this.overlays.names) this.overlays.names.update();
      if ((name === "hauls" || name === "names") && this.overlays.hauls) this.overlays.hauls.update(); // m³ stand where no name does
      if (this.parts.legend && name in LINES) this.parts.legend.update();
      this.remember();
    }

    update() {
      for (const name in this.parts) if (this.parts[name] && this.parts[name].update && !["search", "legend", "water", "charts", "city", "livePanel"].includes(name)) this.parts[name].update();
      for (const name in this.overlays) if (this.overlays[name].update) this.overlays[name].update();
      this.map.getContainer().setAttribute("aria-label", this.speech.t("map_label", { site: this.speech.pick([this.config.site.name_en || this.config.site.name, this.config.site.name]), units: this.speech.number(this.units.count) }));
      this._swipeNames();
    }

    parcelName(u) {
      const id = planner.textAt(this, "parcel_id", u);
      const names = this.config.names[id];
      return id ? this.speech.t("parcel") + " " + id + (names ? " · " + this.speech.pick(names) : "") : "";
    }

    // the view that is drawn at so many pixels from the map's left edge
    viewAt(x) {
      return this.state.other && x > this.parts.divider.share * this.map.getSize().x ? this.state.other : this.state.view;
    }

    hover(u, key = this.state.view) {
      if (u === this.state.hovered && key === this.state.over) return;
      this.state.hovered = u;
      this.state.over = key;
      this.hoverMark.setLatLngs(u < 0 ? [] : this.units.rings(u));
      this.map.getContainer().style.cursor = u < 0 ? "" : "pointer";
      this.parts.tip.hidden = u < 0;
      if (u >= 0) this.parts.tip.textContent = planner.hoverText(this, u, key);
    }

    select(u, travel) {
      this.state.selected = u;
      this.selectMark.setLatLngs(u < 0 ? [] : this.units.rings(u));
      this.parts.card.update();
      if (u >= 0) {
        this.parts.live.textContent = planner.hoverText(this, u);
        if (this.compact) this.parts.panel.fold(true);
        if (travel) this.travel(this.units.bounds(u), Math.max(16, this.map.getZoom()));
        else this._uncover(u);
      }
      this.remember();
    }

    // panel and card lie over most of the map
    get compact() {
      const size = this.map.getSize();
      return size.x <= NARROW || size.y <= LOW;
    }

    // the part of the map that nothing lies on, in pixels: [left, top, right, bottom]
    free() {
      const map = this.map.getContainer().getBoundingClientRect();
      if (!map.width && this._free) return this._free; // on paper the map itself is not laid out
      const free = [0, 0, map.width, map.height];
      const { header, panel, card } = this.parts;
      for (const part of [header, panel, card]) {
        if (!part || part.hidden) continue;
        const box = part.getBoundingClientRect();
        const left = box.left - map.left, top = box.top - map.top, right = box.right - map.left, bottom = box.bottom - map.top;
        const wide = box.width > 0.6 * map.width;
        if (part === header) free[1] = Math.max(free[1], bottom);
        else if (wide && top > 0.3 * map.height) free[3] = Math.min(free[3], top);
        else if (box.height < 60) continue; // a folded panel is a button in the corner
        else if (left > 0.4 * map.width) free[2] = Math.min(free[2], left);
        else free[0] = Math.max(free[0], right);
      }
      return (this._free = free);
    }

    // what is seen of the ground there
    seen() {
      const [left, top, right, bottom] = this.free(), at = (x, y) => this.map.containerPointToLatLng([x, y]);
      return L.latLngBounds(at(left, bottom), at(right, top));
    }

    // moves the map where the chosen unit would lie under the card, the panel or the title
    _uncover(u) {
      const box = L.latLngBounds(this.units.bounds(u));
      const nw = this.map.latLngToContainerPoint(box.getNorthWest()), se = this.map.latLngToContainerPoint(box.getSouthEast());
      const [left, top, right, bottom] = this.free(), edge = 16;
      const shift = (low, high, from, to) => {
        if (to - from < high - low + 2 * edge) return (low + high) / 2 - (from + to) / 2; // larger than the gap: its middle goes there
        return low < from + edge ? low - from - edge : high > to - edge ? high - to + edge : 0;
      };
      const by = [shift(nw.x, se.x, left, right), shift(nw.y, se.y, top, bottom)];
      if (by[0] || by[1]) this.map.panBy(by, { animate: false });
    }

    showParcel(code) {
      const values = this.columns.parcel_id.values;
      const bounds = L.latLngBounds([]), rings = [];
      for (let u = 0; u < values.length; u++) {
        if (values[u] !== code) continue;
        this.units.bounds(u).forEach((corner) => bounds.extend(corner));
        rings.push(this.units.rings(u));
      }
      this.foundMark.setLatLngs(rings);
      if (bounds.isValid()) this.travel(bounds, 18);
    }

    showPlace(place) {
      const metres = Math.max(60, place.room);
      const middle = L.CRS.EPSG3857.project(L.latLng(place.at));
      const corner = (k) => L.CRS.EPSG3857.unproject(L.point(middle.x + k * metres, middle.y + k * metres));
      const ring = Array.from({ length: 24 }, (_, i) => L.CRS.EPSG3857.unproject(L.point(middle.x + metres * Math.cos((i * Math.PI) / 12), middle.y + metres * Math.sin((i * Math.PI) / 12))));
      this.foundMark.setLatLngs([ring]);
      this.travel(L.latLngBounds([corner(-3), corner(3)]), 18);
    }

    // all of the plan, where nothing lies on the map
    home() { this.travel(this.extent(), 21); }

    extent() {
      const [W, S, E, N] = this.units.extent;
      return L.latLngBounds([this.units.latLng(W, S), this.units.latLng(E, N)]);
    }

    // shows a place where nothing lies on the map
    travel(bounds, maxZoom) {
      const size = this.map.getSize(), [left, top, right, bottom] = this.free();
      this.map.fitBounds(bounds, {
        animate: false, maxZoom: maxZoom,
        paddingTopLeft: [left + 12, top + 8], paddingBottomRight: [size.x - right + 12, size.y - bottom + 12],
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

    // writes the state into the address, a moment after the last change
    remember() {
      if (!this.ready) return;
      clearTimeout(this._writing);
      this._writing = setTimeout(() => this.writeAddress(), 150);
    }

    writeAddress() {
      clearTimeout(this._writing);
      try { history.replaceState(null, "", planner.writeAddress(this)); } catch (error) { /* a srcdoc frame has no address to write */ }
    }
  }

  function listen(page) {
    const map = page.map, tip = page.parts.tip;
    map.on("mousemove", (event) => {
      page.hover(page.unitUnder(event.latlng), page.viewAt(event.containerPoint.x));
      tip.style.left = event.containerPoint.x + 14 + "px";
      tip.style.top = event.containerPoint.y + 14 + "px";
    });
    map.on("mouseout", () => page.hover(-1));
    map.on("click", (event) => { if (!page.tool) page.select(page.unitUnder(event.latlng)); });
    map.on("moveend", () => page.remember());
    map.on("moveend resize", () => page.free()); // known when the page is laid out for paper
    document.addEventListener("keydown", (event) => {
      if ((!page.state.keys && event.key !== "Escape") || event.ctrlKey || event.metaKey || event.altKey || /^(SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.type === "search") return;
      const act = {
        n: () => page.step(1), p: () => page.step(-1),
        l: () => page.setLanguage(page.state.lang === "zh" ? "en" : "zh"),
        s: () => page.setOther(page.state.other ? "" : (page.config.views.find((v) => v.key !== page.state.view) || {}).key || ""),
        "/": () => document.getElementById("planner-search").focus(),
        Enter: () => { if (event.target === map.getContainer() && page.state.selected >= 0) page.parts.card.focus(); },
        Escape: () => { page.select(-1); page.foundMark.setLatLngs([]); if (page.parts.tools) page.parts.tools.stop(); map.getContainer().focus(); },
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
      const asked = planner.recall(page, config);
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
        years: planner.years(page), charts: planner.charts(page), city: planner.cityPanel(page), tools: planner.tools(page), livePanel: planner.live(page),
      };
      page.parts.panel = planner.panel(page);
      for (const name of ["header", "panel", "card", "divider", "tip", "status", "north", "live", "tools"]) root.append(page.parts[name]);
      for (const name of ["header", "panel", "card", "tools"]) L.DomEvent.disableClickPropagation(page.parts[name]).disableScrollPropagation(page.parts[name]);
      listen(page);
      page.setDark(page.state.dark);
      page.repaint();
      page.update();
      if (page.compact) page.parts.panel.fold(true);
      if (config.other) page.setOther(config.other);
      planner.follow(page, asked);
      page._draw();
      planner.printing(page);
      page.ready = true;
      planner.page = page;
      root.dataset.ready = "yes";
    } catch (error) {
      const old = error.message === "old-browser";
      root.append(el("p", { class: "planner-fault", role: "alert" }, config.words[old ? "old_browser" : "broken"][config.lang === "zh" ? 1 : 0]));
      if (!old) throw error;
    }
  };
})((window.planner = window.planner || {}));

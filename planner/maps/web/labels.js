// Names on the map: lakes with their storage first, then holes, villages, roads, corridors, mines and parcels; none over another.
(function (planner) {
  "use strict";

  const SIZES = { lake: 13, hole: 12, village: 12, road: 11, corridor: 11, mine: 13, parcel: 11 };
  const FONT = '"Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Segoe UI", system-ui, sans-serif';
  const SURE_LAKES = 3; // lakes that are named however small they are drawn
  const ruler = document.createElement("canvas").getContext("2d");

  function lines(place, speech) {
    const name = speech.pick(place.name);
    return place.kind === "lake" && place.storage > 0 ? [name, speech.cubic(place.storage)] : [name];
  }

  // whether a place is drawn large enough to carry its name: px = pixels per page metre, width of the name in pixels
  function earned(place, rank, px, width) {
    const room = 2 * place.room * px;
    if (place.kind === "lake") return rank < SURE_LAKES || room > 18;
    if (place.kind === "hole" || place.kind === "village") return room > 5;
    if (place.kind === "road") return room > width; // half its length on either side
    if (place.kind === "corridor") return px > 0.045;
    if (place.kind === "mine") return px < 0.09;
    return room > 0.75 * width;
  }

  // Which names stand where: [{kind, lines, x, y, w, h, size}]. project: place → {x, y} in pixels; zoomed: size of the letters.
  planner.placeNames = function (places, speech, project, px, width, height, zoomed) {
    const shown = [];
    const free = (box) => shown.every((other) => Math.abs(other.x - box.x) * 2 >= other.w + box.w || Math.abs(other.y - box.y) * 2 >= other.h + box.h);
    let lakes = 0;
    for (const place of places) {
      const size = SIZES[place.kind] * zoomed;
      const text = lines(place, speech);
      if (!text[0]) continue;
      const rank = place.kind === "lake" ? lakes++ : 0;
      ruler.font = "600 " + size + "px " + FONT;
      const w = Math.max(...text.map((line) => ruler.measureText(line).width)) + 8 * zoomed, h = text.length * size * 1.25 + 4 * zoomed;
      if (!earned(place, rank, px / zoomed, w / zoomed)) continue;
      const at = project(place);
      const inside = at.x >= 0 && at.x <= width && at.y >= 0 && at.y <= height; // of what is in sight the name stands whole
      const within = (v, half, end) => Math.min(Math.max(v, half + 2), Math.max(end - half - 2, half + 2));
      const box = { kind: place.kind, lines: text, x: within(at.x, w / 2, width), y: within(at.y, h / 2, height), w: w, h: h, size: size };
      if (inside && free(box)) shown.push(box);
    }
    return shown;
  };

  // draws names as placed, for sheets and pictures
  planner.drawNames = function (context, names) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const name of names) {
      context.font = "600 " + name.size + "px " + FONT;
      name.lines.forEach((line, i) => {
        const y = name.y + (i - (name.lines.length - 1) / 2) * name.size * 1.25;
        context.lineWidth = name.size / 4;
        context.strokeStyle = name.kind === "lake" ? "rgba(8,30,66,0.85)" : "rgba(255,255,255,0.9)";
        context.fillStyle = name.kind === "lake" ? "#fff" : "#1d2321";
        context.strokeText(line, name.x, y);
        context.fillText(line, name.x, y);
      });
    }
  };

  planner.Labels = L.Layer.extend({
    // places: as in the configuration, most important first
    initialize: function (places, page) {
      this.places = places;
      this.page = page;
      this.placed = [];
    },
    onAdd: function (map) {
      this._box = planner.el("div", { class: "planner-names", "aria-hidden": "true" });
      map.getPane("planner-names").append(this._box);
      map.on("moveend zoomend resize viewreset", this.update, this);
      this.update();
    },
    onRemove: function (map) {
      map.off("moveend zoomend resize viewreset", this.update, this);
      this._box.remove();
    },
    // the places whose names may stand on the map as it is: the plan's lakes are no part of today or of another plan, and m³ stand where parcels' names do.
    // left: whether a place lies left of the divider
    known: function (left) {
      const { views, state, parts } = this.page;
      const own = (place) => views.byKey.get(state.other && !left(place) ? state.other : state.view).own;
      const held = (place) => (place.kind === "lake" && parts.water ? { ...place, storage: parts.water.holds(place.name[0], place.storage) } : place);
      const known = this.places.filter((place) => place.kind !== "lake" || own(place)).map(held);
      return this.page.shown.hauls ? known.filter((place) => place.kind !== "parcel") : known;
    },
    update: function () {
      const map = this._map;
      if (!map) return;
      const size = map.getSize();
      const px = map.options.crs.scale(map.getZoom()) / (2 * planner.HALF);
      const { divider } = this.page.parts, edge = divider ? divider.share * size.x : size.x;
      const names = planner.placeNames(this.known((place) => map.latLngToContainerPoint(place.at).x < edge), this.page.speech, (place) => map.latLngToContainerPoint(place.at), px, size.x, size.y, 1);
      this.placed = names;
      planner.replace(this._box, names.map((name) => {
        const at = map.containerPointToLayerPoint([name.x, name.y]);
        return planner.el("div", { class: "planner-name planner-name-" + name.kind, style: { left: Math.round(at.x - name.w / 2) + "px", top: Math.round(at.y - name.h / 2) + "px", width: Math.ceil(name.w) + "px", fontSize: name.size + "px" } },
          name.lines.map((line) => planner.el("span", {}, line)));
      }));
    },
  });
})((window.planner = window.planner || {}));

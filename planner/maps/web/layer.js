// Units on canvas tiles: one path per class, no vertex closer than a fraction of a pixel, repainted in place.
(function (planner) {
  "use strict";

  const SKIP = 0.8, SKIP_SMALL = 1.4; // pixels under which a vertex adds nothing; where units are a few pixels small
  const SMALL_PX = 6; // mean unit size on screen below which they count as small
  const OUTLINE_PX = 13; // mean unit size on screen from which borders are drawn
  const CHUNK = 100; // units per path: very long paths slow the rasteriser down

  planner.CanvasUnits = L.GridLayer.extend({
    options: { tileSize: 512, pane: "overlayPane", updateWhenZooming: false, keepBuffer: 1, opacity: 1, minZoom: 0, maxZoom: 24 },

    // paint: {classOf: Uint8Array (255 hides), colours: [css], faded: Uint8Array or null}
    initialize: function (units, paint, options) {
      L.GridLayer.prototype.initialize.call(this, options);
      this.units = units;
      this.paint = paint;
    },

    setPaint: function (paint) {
      this.paint = paint;
      for (const key in this._tiles) this._draw(this._tiles[key].el, this._tiles[key].coords);
    },

    // paints anew, but only tiles on which one of these units lies; returns how many
    redraw: function (paint, found) {
      this.paint = paint;
      const { frame, west, south, east, north } = this.units;
      let drawn = 0;
      for (const key in this._tiles) {
        const { el, coords } = this._tiles[key], side = (2 * planner.HALF * this.getTileSize().x) / this._map.options.crs.scale(coords.z);
        const W = (coords.x * side - planner.HALF - frame.x) / frame.step, N = (planner.HALF - coords.y * side - frame.y) / frame.step, size = side / frame.step;
        if (!found.some((u) => east[u] >= W && west[u] <= W + size && north[u] >= N - size && south[u] <= N)) continue;
        this._draw(el, coords);
        drawn += 1;
      }
      return drawn;
    },

    createTile: function (coords) {
      const tile = document.createElement("canvas");
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      const size = this.getTileSize();
      tile.width = Math.round(size.x * ratio);
      tile.height = Math.round(size.y * ratio);
      tile.setAttribute("aria-hidden", "true");
      this._draw(tile, coords);
      return tile;
    },

    _draw: function (tile, coords) {
      const frame = this.units.frame;
      const context = tile.getContext("2d");
      context.clearRect(0, 0, tile.width, tile.height);
      const ratio = tile.width / this.getTileSize().x;
      const perMetre = (this._map.options.crs.scale(coords.z) / (2 * planner.HALF)) * ratio;
      const at = {
        a: frame.step * perMetre,
        bx: (frame.x + planner.HALF) * perMetre - coords.x * tile.width,
        by: (planner.HALF - frame.y) * perMetre - coords.y * tile.height,
        width: tile.width, height: tile.height, ratio: ratio,
      };
      planner.paintUnits(context, this.units, this.paint, at);
    },
  });

  // Units on any canvas. at: {a: pixels per step, bx, by: pixel of step (0, 0), width, height, ratio: device pixels per pixel}
  planner.paintUnits = function (context, units, paint, at) {
    const margin = 3, { a, bx, by, ratio } = at;
    const found = units.within((-margin - bx) / a, (by - at.height - margin) / a, (at.width + margin - bx) / a, (by + margin) / a);
    const groups = paint.colours.map(() => []);
    let span = 0;
    for (const u of found) {
      const c = paint.classOf[u];
      if (c !== 255) { groups[c].push(u); span += units.east[u] - units.west[u]; }
    }
    const size = found.length ? (span / found.length) * a : 0;
    const how = { ...at, units: units, outlined: size > OUTLINE_PX * ratio, skip: size < SMALL_PX * ratio ? SKIP_SMALL : SKIP };
    context.lineJoin = "bevel";
    groups.forEach((group, c) => {
      for (let i = 0; i < group.length; i += CHUNK) fill(context, group.slice(i, i + CHUNK), paint, c, how);
    });
  };

  function fill(context, group, paint, c, how) {
    const path = pathOf(group, how);
    context.fillStyle = context.strokeStyle = paint.colours[c];
    context.fill(path);
    if (!how.outlined) {
      context.lineWidth = 0.8 * how.ratio; // closes the hairline that antialiasing leaves between neighbours
      context.stroke(path);
    }
    const faded = paint.faded ? group.filter((u) => paint.faded[u]) : [];
    if (faded.length) {
      context.fillStyle = hatch(context, how.ratio);
      context.fill(pathOf(faded, how));
    }
    if (how.outlined) {
      context.strokeStyle = "rgba(30,30,30,0.32)";
      context.lineWidth = 0.7 * how.ratio;
      context.stroke(path);
    }
  }

  function pathOf(group, how) {
    const { units, a, bx, by } = how;
    const path = new Path2D();
    for (const u of group) {
      if ((units.east[u] - units.west[u]) * a < 1.5 && (units.north[u] - units.south[u]) * a < 1.5) {
        path.rect(units.west[u] * a + bx, by - units.north[u] * a, 1, 1);
        continue;
      }
      for (let r = units.unitStart[u]; r < units.unitStart[u + 1]; r++) trace(path, units, units.ringStart[r], units.ringStart[r + 1], a, bx, by, how.skip);
    }
    return path;
  }

  function trace(path, units, start, end, a, bx, by, skip) {
    const x = units.x, y = units.y;
    const x0 = x[start] * a + bx, y0 = by - y[start] * a;
    let px = x0, py = y0;
    path.moveTo(px, py);
    for (let k = start + 1; k < end; k++) {
      const qx = x[k] * a + bx, qy = by - y[k] * a;
      if (qx - px < skip && px - qx < skip && qy - py < skip && py - qy < skip) continue;
      path.lineTo(qx, qy);
      px = qx;
      py = qy;
    }
    path.lineTo(x0, y0); // closePath() looks at the whole path again: 20 times slower on long ones
  }

  function hatch(context, ratio) {
    const size = Math.round(8 * ratio);
    const cell = document.createElement("canvas");
    cell.width = cell.height = size;
    const pen = cell.getContext("2d");
    pen.fillStyle = "rgba(255,255,255,0.55)";
    pen.fillRect(0, 0, size, size);
    pen.strokeStyle = "rgba(60,60,60,0.55)";
    pen.lineWidth = ratio;
    pen.beginPath();
    for (const shift of [-size, 0, size]) { pen.moveTo(shift, size); pen.lineTo(shift + size, 0); }
    pen.stroke();
    return context.createPattern(cell, "repeat");
  }
})((window.planner = window.planner || {}));

// The units' polygons in whole steps of web-Mercator metres, with an index to find what is at a place.
(function (planner) {
  "use strict";

  planner.HALF = 20037508.342789244; // m, half the side of the web-Mercator square

  class Units {
    // frame: {x, y, step}: Mercator metres of step (0, 0) and of one step
    constructor(columns, frame) {
      this.frame = frame;
      this.x = columns.x.values;
      this.y = columns.y.values;
      this.ringStart = sums(columns.ring_sizes.values);
      this.unitStart = sums(columns.rings_per_unit.values);
      this.count = columns.rings_per_unit.values.length;
      this._boxes();
      this._index();
      this._stamp = new Uint32Array(this.count);
      this._turn = 0;
    }

    _boxes() {
      const n = this.count;
      const [x, y] = [this.x, this.y];
      this.west = new Int32Array(n);
      this.south = new Int32Array(n);
      this.east = new Int32Array(n);
      this.north = new Int32Array(n);
      let W = Infinity, S = Infinity, E = -Infinity, N = -Infinity;
      for (let u = 0; u < n; u++) {
        let w = 2147483647, s = 2147483647, e = -2147483648, t = -2147483648;
        const end = this.ringStart[this.unitStart[u + 1]];
        for (let k = this.ringStart[this.unitStart[u]]; k < end; k++) {
          const a = x[k], b = y[k];
          if (a < w) w = a;
          if (a > e) e = a;
          if (b < s) s = b;
          if (b > t) t = b;
        }
        this.west[u] = w; this.east[u] = e; this.south[u] = s; this.north[u] = t;
        if (w < W) W = w;
        if (s < S) S = s;
        if (e > E) E = e;
        if (t > N) N = t;
      }
      this.extent = [W, S, E, N];
    }

    _index() {
      const [W, S, E, N] = this.extent;
      const side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(this.count / 2))));
      this.side = side;
      this.cellX = (E - W + 1) / side;
      this.cellY = (N - S + 1) / side;
      const counts = new Uint32Array(side * side + 1);
      this._eachCell((cell) => counts[cell + 1]++);
      for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1];
      this.cellStart = counts;
      this.cellUnits = new Uint32Array(counts[side * side]);
      const next = counts.slice();
      this._eachCell((cell, u) => { this.cellUnits[next[cell]++] = u; });
    }

    _eachCell(visit) {
      for (let u = 0; u < this.count; u++) {
        const [i0, i1] = this._columnsOf(this.west[u], this.east[u]);
        const [j0, j1] = this._rowsOf(this.south[u], this.north[u]);
        for (let j = j0; j <= j1; j++) for (let i = i0; i <= i1; i++) visit(j * this.side + i, u);
      }
    }

    _columnsOf(w, e) {
      const top = this.side - 1;
      const cell = (v) => Math.max(0, Math.min(top, Math.floor((v - this.extent[0]) / this.cellX)));
      return [cell(w), cell(e)];
    }

    _rowsOf(s, n) {
      const top = this.side - 1;
      const cell = (v) => Math.max(0, Math.min(top, Math.floor((v - this.extent[1]) / this.cellY)));
      return [cell(s), cell(n)];
    }

    // units whose box meets the given box (in steps), each once, in their own order
    within(w, s, e, n) {
      const [W, S, E, N] = this.extent;
      if (e < W || w > E || n < S || s > N) return [];
      const turn = ++this._turn;
      const found = [];
      const [i0, i1] = this._columnsOf(w, e);
      const [j0, j1] = this._rowsOf(s, n);
      for (let j = j0; j <= j1; j++) {
        for (let i = i0; i <= i1; i++) {
          const cell = j * this.side + i;
          for (let k = this.cellStart[cell]; k < this.cellStart[cell + 1]; k++) {
            const u = this.cellUnits[k];
            if (this._stamp[u] === turn) continue;
            this._stamp[u] = turn;
            if (this.west[u] <= e && this.east[u] >= w && this.south[u] <= n && this.north[u] >= s) found.push(u);
          }
        }
      }
      return found;
    }

    toSteps(mx, my) {
      return [(mx - this.frame.x) / this.frame.step, (my - this.frame.y) / this.frame.step];
    }

    // the unit at a place in Mercator metres, or -1
    at(mx, my) {
      const [px, py] = this.toSteps(mx, my);
      for (const u of this.within(px, py, px, py)) if (this._holds(u, px, py)) return u;
      return -1;
    }

    _holds(u, px, py) {
      let inside = false;
      for (let r = this.unitStart[u]; r < this.unitStart[u + 1]; r++) {
        const start = this.ringStart[r], end = this.ringStart[r + 1];
        for (let k = start, j = end - 1; k < end; j = k++) {
          const yk = this.y[k], yj = this.y[j];
          if (yk > py !== yj > py && px < ((this.x[j] - this.x[k]) * (py - yk)) / (yj - yk) + this.x[k]) inside = !inside;
        }
      }
      return inside;
    }

    latLng(x, y) {
      const R = planner.HALF / Math.PI;
      const mx = this.frame.x + x * this.frame.step, my = this.frame.y + y * this.frame.step;
      return [(Math.atan(Math.sinh(my / R)) * 180) / Math.PI, ((mx / R) * 180) / Math.PI];
    }

    // rings as Leaflet wants them, to outline one unit
    rings(u) {
      const out = [];
      for (let r = this.unitStart[u]; r < this.unitStart[u + 1]; r++) {
        const ring = [];
        for (let k = this.ringStart[r]; k < this.ringStart[r + 1]; k++) ring.push(this.latLng(this.x[k], this.y[k]));
        out.push(ring);
      }
      return out;
    }

    bounds(u) {
      return [this.latLng(this.west[u], this.south[u]), this.latLng(this.east[u], this.north[u])];
    }
  }

  function sums(sizes) {
    const out = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) out[i + 1] = out[i] + sizes[i];
    return out;
  }

  planner.Units = Units;
})((window.planner = window.planner || {}));

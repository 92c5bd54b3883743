// Turns a block written by encode.py back into columns: base64, gzip, byte planes, zigzag, differences.
(function (planner) {
  "use strict";

  planner.MISSING = -2147483648;

  function bytesOf(base64) {
    const text = atob(base64.trim());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  async function inflate(bytes) {
    if (typeof DecompressionStream === "undefined") throw new Error("old-browser");
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function integers(raw, offset, spec) {
    const n = spec.n;
    const out = new Int32Array(n);
    let before = 0;
    const p0 = offset, p1 = offset + n, p2 = p1 + n, p3 = p2 + n;
    const planes = spec.planes;
    for (let i = 0; i < n; i++) {
      let z = raw[p0 + i];
      if (planes > 1) z |= raw[p1 + i] << 8;
      if (planes > 2) z |= raw[p2 + i] << 16;
      if (planes > 3) z |= raw[p3 + i] << 24;
      const value = (z >>> 1) ^ -(z & 1);
      out[i] = spec.delta ? (before = (before + value) | 0) : value;
    }
    return out;
  }

  // A column: `values` are whole numbers, `at(i)` the number meant, NaN where it is missing.
  class Column {
    constructor(values, scale) {
      this.values = values;
      this.scale = scale;
      // dividing by a whole inverse keeps 0.1 · 3 from becoming 0.30000000000000004
      this.inverse = scale < 1 ? Math.round(1 / scale) : 0;
    }
    at(i) {
      const value = this.values[i];
      if (value === planner.MISSING) return NaN;
      return this.inverse ? value / this.inverse : value * this.scale;
    }
  }

  planner.Column = Column;

  planner.decode = async function (base64) {
    const raw = await inflate(bytesOf(base64));
    const length = new DataView(raw.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + length)));
    const columns = {};
    let offset = 4 + length;
    for (const spec of header.columns) {
      columns[spec.name] = new Column(integers(raw, offset, spec), spec.scale);
      offset += spec.n * spec.planes;
    }
    return { columns: columns, texts: header.texts };
  };
})((window.planner = window.planner || {}));

// needs: heatmap_data.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { HeatmapGrid } = heatmap.data;

  /** What a layer shows, on whichever chart: its options, the grid as pixels, and the colours. */
  class Picture {
    /** @param {any} options the layer's */
    constructor(options) {
      this.options = Object.assign({}, options);
      /** @type {any} HeatmapBitmap; null: there is no grid */
      this.bitmap = null;
      /** @type {any} look-up table from byte to colour */
      this.colours = null;
      /** @type {any} the colours of longs and shorts */
      this.sideColours = null;
      /** Whether the shown grid tells longs and shorts apart. */
      this._isSplit = false;
      /** Which option says the shown grid's palette. */
      this._paletteOption = "palette";
      /** How its alpha rises with the level; undefined: as usual. */
      this._alphaExponent = undefined;
      /** What the chart's background is, see Ground in heatmap_ground.js. */
      this._ground = "dark";
      this._mix();
    }

    /** @returns {any} HeatmapGrid; null: there is none */
    get grid() {
      return this.bitmap === null ? null : this.bitmap.grid;
    }

    /**
     * Show a grid in place of the one before.
     * @param {any} meta see GridMeta @param {Uint8Array} cells
     */
    show(meta, cells) {
      const grid = new HeatmapGrid(meta, cells);
      this.clear();
      const isSame =
        grid.isSplit === this._isSplit &&
        grid.paletteOption === this._paletteOption &&
        grid.alphaExponent === this._alphaExponent;
      if (!isSame) {
        this._isSplit = grid.isSplit;
        this._paletteOption = grid.paletteOption;
        this._alphaExponent = grid.alphaExponent;
        this._mix();
      }
      this.bitmap = new heatmap.bitmap.HeatmapBitmap(grid, this.colours);
    }

    /**
     * @param {any} meta @param {Uint8Array} cells
     * @returns {boolean} false: they do not continue the shown grid
     */
    append(meta, cells) {
      if (this.bitmap === null || !this.bitmap.grid.append(meta, cells)) {
        return false;
      }
      this.bitmap.update(meta.firstCol, meta.firstCol + meta.cols);
      return true;
    }

    /** @param {any} options some of the layer's */
    setOptions(options) {
      const before = this.options;
      this.options = Object.assign({}, before, options);
      const isSame = [this._paletteOption, "opacity"].every(
        (name) => before[name] === this.options[name],
      );
      if (!isSame) {
        this._recolour();
      }
    }

    /** All colours run away from the chart's background: they follow it. @param {string} hex */
    setGround(hex) {
      if (hex !== this._ground) {
        this._ground = hex;
        this._recolour();
      }
    }

    /** Take the grid away. */
    clear() {
      if (this.bitmap !== null) {
        this.bitmap.destroy();
        this.bitmap = null;
      }
    }

    /** Make the look-up table for palette, opacity and sides as they are now. */
    _mix() {
      const { opacity } = this.options;
      const palette = this.options[this._paletteOption];
      this.colours = this._isSplit
        ? heatmap.palette.splitLookUpTable(this._ground, opacity, this._alphaExponent)
        : heatmap.palette.lookUpTable(palette, opacity, this._ground, this._alphaExponent);
      this.sideColours = heatmap.palette.sideColours(this._ground);
    }

    /** Mix the colours anew, and paint the bitmap with them. */
    _recolour() {
      this._mix();
      if (this.bitmap !== null) {
        this.bitmap.recolour(this.colours);
      }
    }
  }

  heatmap.picture = { Picture };
})(this);

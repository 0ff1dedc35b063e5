// needs: heatmap_parts.js heatmap_strip.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { Strip } = heatmap.strip;

  /** A scale counts as affine when its middle is off by less than this, CSS pixels. */
  const AFFINE_TOLERANCE_PX = 0.25;
  /** From so many pieces side by side on, a curved scale goes through a scratch canvas. */
  const SCRATCH_FROM_PIECES = 40;

  /** Draws the cells of the grid; everything it needs per frame is allocated beforehand. */
  class CellRenderer {
    /** @param {Surface} surface of which `level` is kept up to date */
    constructor(surface) {
      this._surface = surface;
      this._candles = surface.candles;
      this._axis = surface.axis;
      /** @type {HTMLCanvasElement | null} made when a curved scale first needs it */
      this._scratch = null;
      /** @type {any} the Strip, there while frames need it */
      this._strip = null;
      this._still = new heatmap.stillFrame.StillFrame(surface);
      /** @type {any} StandingColumn, there while the grid's last column holds on */
      this._standing = null;
    }

    destroy() {
      this._still.destroy();
      if (this._scratch !== null) {
        this._scratch.width = 0;
        this._scratch = null;
      }
      this._dropStrip();
      this._dropStanding();
    }

    _dropStanding() {
      if (this._standing !== null) {
        this._standing.destroy();
        this._standing = null;
      }
    }

    _dropStrip() {
      if (this._strip !== null) {
        this._strip.destroy();
        this._strip = null;
      }
    }

    /** Draw the visible part. @param {any} scope bitmap coordinates scope of the pane's canvas */
    paint(scope) {
      const { bitmap } = this._surface.picture;
      if (bitmap === null) {
        return;
      }
      const grid = bitmap.grid;
      const axis = this._axis;
      axis.place(grid.firstCol * grid.binMs, grid.endCol * grid.binMs, scope.mediaSize.width);
      const lowY = this._candles.priceToCoordinate(grid.priceLow);
      const highY = this._candles.priceToCoordinate(grid.priceHigh);
      const middleY = this._candles.priceToCoordinate((grid.priceLow + grid.priceHigh) / 2);
      if (axis.segments === 0 || lowY === null || highY === null || middleY === null) {
        return;
      }
      const isAffine = Math.abs(middleY - (lowY + highY) / 2) < AFFINE_TOLERANCE_PX;
      const causes = [bitmap, bitmap.version, lowY, middleY, highY];
      this._still.paint(scope, causes, (own) => {
        own.context.save();
        own.context.imageSmoothingEnabled = false;
        if (isAffine) {
          this._drawAffine(own, bitmap, lowY, highY);
        } else {
          this._drawCurved(own, bitmap, highY < lowY);
        }
        own.context.restore();
      });
    }

    /** Keep nothing of a grid that has gone, or is hidden. */
    changed() {
      const { bitmap, options } = this._surface.picture;
      if (bitmap === null || !options.visible) {
        this._still.destroy();
      }
    }

    /** @returns {number} width of a column in device pixels */
    _columnWidth(scope, grid) {
      const perMs = this._axis.barSpacing / this._axis.intervalMs;
      return grid.binMs * perMs * scope.horizontalPixelRatio;
    }

    /** One drawImage per piece of the time axis: price to y is affine. */
    _drawAffine(scope, bitmap, lowY, highY) {
      const grid = bitmap.grid;
      const ratio = scope.verticalPixelRatio;
      const rowHeight = (highY - lowY) / grid.rows;
      const level = bitmap.level(
        this._columnWidth(scope, grid),
        Math.abs(rowHeight) * ratio,
      );
      this._surface.level = level;
      this._paintStrip(scope, bitmap, level);
      const groupHeight = rowHeight * level.poolY;
      const baseY = lowY - level.rowOffset * rowHeight;
      const topGroup = -baseY / groupHeight;
      const bottomGroup = (scope.mediaSize.height - baseY) / groupHeight;
      const first = Math.max(0, Math.floor(Math.min(topGroup, bottomGroup)));
      const end = Math.min(level.rows, Math.ceil(Math.max(topGroup, bottomGroup)));
      if (first >= end) {
        return;
      }
      let fromY = Math.round((baseY + end * groupHeight) * ratio);
      let toY = Math.round((baseY + first * groupHeight) * ratio);
      if (groupHeight > 0) {
        // Inverted scale: high prices are at the bottom, the bitmap is drawn upside down.
        scope.context.scale(1, -1);
        fromY = -fromY;
        toY = -toY;
      }
      this._drawSegments(
        scope.context, scope.horizontalPixelRatio, level, grid,
        level.rows - end, end - first, fromY, toY - fromY,
      );
    }

    /** Price to y is curved (logarithmic scale): pieces that are straight enough. */
    _drawCurved(scope, bitmap, upright) {
      const grid = bitmap.grid;
      const height = scope.mediaSize.height;
      const edgePrice = this._candles.coordinateToPrice(0);
      const otherPrice = this._candles.coordinateToPrice(height);
      if (edgePrice === null || otherPrice === null) {
        return;
      }
      const visibleLow = (Math.min(edgePrice, otherPrice) - grid.priceLow) / grid.binUsd;
      const visibleHigh = (Math.max(edgePrice, otherPrice) - grid.priceLow) / grid.binUsd;
      const lowRow = Math.max(0, Math.floor(visibleLow));
      const highRow = Math.min(grid.rows, Math.ceil(visibleHigh));
      if (lowRow >= highRow) {
        return;
      }
      // Rows are smallest at the upper end of a logarithmic scale.
      const ratio = scope.verticalPixelRatio;
      const smallest = Math.abs(this._rowY(grid, highRow) - this._rowY(grid, highRow - 1)) * ratio;
      const level = bitmap.level(this._columnWidth(scope, grid), smallest);
      this._surface.level = level;
      this._paintStrip(scope, bitmap, level);
      const strip = this._strip;
      const pieces = strip === null
        ? this._axis.segments
        : strip.runs.length + strip.insides.length;
      const direct = pieces < SCRATCH_FROM_PIECES;
      const source = direct ? null : this._composeColumns(scope, level, grid);
      const first = Math.floor((lowRow + level.rowOffset) / level.poolY);
      const end = Math.ceil((highRow + level.rowOffset) / level.poolY);
      if (!upright) {
        scope.context.scale(1, -1);
      }
      this._drawPieces(scope, level, grid, source, first, end, upright ? ratio : -ratio);
    }

    /**
     * Draw a range of groups with one drawImage each time that the edges of a part say where all
     * rows between them lie; a part that is bent is halved.
     * @param {number} ratio device pixels per CSS pixel, negative where the scale is inverted
     */
    _drawPieces(scope, level, grid, source, first, end, ratio) {
      if (end - first > 1 && this._isBent(level, grid, first, end)) {
        const middle = (first + end) >> 1;
        this._drawPieces(scope, level, grid, source, first, middle, ratio);
        this._drawPieces(scope, level, grid, source, middle, end, ratio);
        return;
      }
      const top = this._groupY(grid, level, end, ratio);
      const height = this._groupY(grid, level, first, ratio) - top;
      if (height <= 0) {
        return;
      }
      const sourceRow = level.rows - end;
      if (source === null) {
        this._drawSegments(
          scope.context, scope.horizontalPixelRatio, level, grid,
          sourceRow, end - first, top, height,
        );
      } else {
        const width = scope.bitmapSize.width;
        scope.context.drawImage(source, 0, sourceRow, width, end - first, 0, top, width, height);
      }
    }

    /** @returns {boolean} whether the middle of a range of groups is not where its ends say */
    _isBent(level, grid, first, end) {
      const middle = (first + end) >> 1;
      const low = this._rowY(grid, first * level.poolY - level.rowOffset);
      const high = this._rowY(grid, end * level.poolY - level.rowOffset);
      const exact = this._rowY(grid, middle * level.poolY - level.rowOffset);
      const straight = low + ((high - low) * (middle - first)) / (end - first);
      return Math.abs(straight - exact) >= AFFINE_TOLERANCE_PX;
    }

    /** @returns {number} y of a row's lower edge, CSS pixels */
    _rowY(grid, row) {
      return this._candles.priceToCoordinate(grid.priceLow + row * grid.binUsd);
    }

    /** @returns {number} y of a group's lower edge, whole device pixels */
    _groupY(grid, level, group, ratio) {
      return Math.round(this._rowY(grid, group * level.poolY - level.rowOffset) * ratio);
    }

    /** Place the columns first, all rows one pixel high, so that strips cost one draw each. */
    _composeColumns(scope, level, grid) {
      if (this._scratch === null) {
        this._scratch = document.createElement("canvas");
      }
      const scratch = this._scratch;
      if (scratch.width !== scope.bitmapSize.width || scratch.height !== level.rows) {
        scratch.width = scope.bitmapSize.width;
        scratch.height = level.rows;
      }
      const context = scratch.getContext("2d");
      context.clearRect(0, 0, scratch.width, scratch.height);
      context.imageSmoothingEnabled = false;
      this._drawSegments(
        context, scope.horizontalPixelRatio, level, grid, 0, level.rows, 0, level.rows,
      );
      return scratch;
    }

    /** Paint the strip where groups, or columns, end amid a piece of the time axis. */
    _paintStrip(scope, bitmap, level) {
      const ratio = scope.horizontalPixelRatio;
      this._paintStanding(scope, bitmap, level);
      if (!this._isNarrow(ratio, bitmap.grid, level)) {
        this._dropStrip();
        return;
      }
      if (this._strip === null) {
        this._strip = new Strip();
      }
      this._strip.paint(this._axis, ratio, bitmap, level);
    }

    /** Paint the last column, where it is to be drawn on to the pane's right edge. */
    _paintStanding(scope, bitmap, level) {
      if (!bitmap.grid.isStanding) {
        this._dropStanding();
        return;
      }
      if (this._standing === null) {
        this._standing = new heatmap.standing.StandingColumn();
      }
      const end = this._axis.toX[this._axis.segments - 1] * scope.horizontalPixelRatio;
      this._standing.prepare(bitmap, level, end, scope.bitmapSize.width);
    }

    /** @returns {boolean} whether drawing groups of columns alone would lose, or misplace, some */
    _isNarrow(ratio, grid, level) {
      const axis = this._axis;
      // A group at the end of a piece is there in part only, or holds some of the hole beside it.
      if (level.poolX > 1) {
        return true;
      }
      // So is a column, where the candles do not divide into columns.
      if (axis.segments > 1 && axis.intervalMs % grid.binMs !== 0) {
        return true;
      }
      const last = axis.segments - 1;
      return Math.round(axis.fromX[0] * ratio) === Math.round(axis.toX[last] * ratio);
    }

    /**
     * Draw rows of a level at every visible piece of the time axis. Edges lie on whole device
     * pixels, so that neighbours neither overlap nor leave a seam.
     */
    _drawSegments(context, ratio, level, grid, sourceY, sourceHeight, targetY, targetHeight) {
      const rows = { y: sourceY, height: sourceHeight, targetY, targetHeight };
      if (this._standing !== null) {
        this._standing.draw(context, rows);
      }
      if (this._strip !== null) {
        this._drawStrip(context, level, rows);
        return;
      }
      const axis = this._axis;
      const groupMs = grid.binMs * level.poolX;
      for (let i = 0; i < axis.segments; i += 1) {
        this._drawGroups(
          context, level, axis.fromMs[i] / groupMs, axis.toMs[i] / groupMs,
          axis.fromX[i] * ratio, axis.toX[i] * ratio, rows,
        );
      }
    }

    /** Draw the single pixels, and between them the groups. */
    _drawStrip(context, level, rows) {
      const { canvas, runs, insides } = this._strip;
      const [starts, ends, places] = runs.columns;
      for (let i = 0; i < runs.length; i += 1) {
        const width = ends[i] - starts[i];
        context.drawImage(
          canvas, places[i], rows.y, width, rows.height,
          starts[i], rows.targetY, width, rows.targetHeight,
        );
      }
      const [groups, endGroups, xs, endXs] = insides.columns;
      for (let i = 0; i < insides.length; i += 1) {
        this._drawGroups(context, level, groups[i], endGroups[i], xs[i], endXs[i], rows);
      }
    }

    /** Draw the groups from `from` to `end`, with fractions, between two device pixels. */
    _drawGroups(context, level, from, end, x, endX, rows) {
      const slope = (endX - x) / (end - from);
      let low = from;
      while (low < end) {
        // The ring continues at slot 0 after its last slot.
        const turn = Math.floor(low / level.capacity);
        const high = Math.min(end, (turn + 1) * level.capacity);
        const lowX = Math.round(x + (low - from) * slope);
        const highX = Math.round(x + (high - from) * slope);
        if (highX > lowX) {
          context.drawImage(
            level.canvas,
            low - turn * level.capacity, rows.y, high - low, rows.height,
            lowX, rows.targetY, highX - lowX, rows.targetHeight,
          );
        }
        low = high;
      }
    }
  }

  heatmap.parts.register({
    name: "heat",
    order: 10,
    make: (/** @type {Surface} */ surface) => new CellRenderer(surface),
  });
})(this);

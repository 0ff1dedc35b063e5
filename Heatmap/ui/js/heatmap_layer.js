(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { HeatmapGrid, unpackCells } = heatmap.data;

  /** How often the page is asked for its chart until it has one, and afterwards. */
  const SEARCH_INTERVAL_MS = 50;
  const WATCH_INTERVAL_MS = 500;
  /** A page that fails at every frame must not fill the log. */
  const ERROR_INTERVAL_MS = 1000;
  /** How long the channel is kept after detaching, for Qt's last word about the object. */
  const FAREWELL_MS = 2000;

  /**
   * @typedef {Object} LayerConfig
   * @property {string} name of the bridge object; also the layer's name on the page
   * @property {string} chart name of the chart, for messages
   * @property {string} candles name of the candle series, for messages
   * @property {Object} options the layer's options
   * @property {number | null} timeOffsetMs candle time minus UTC; null: to be found
   */

  /**
   * What the layer takes from the page. Functions, made by the script that attaches the layer: they
   * see the page's top-level `let` and `const`, which `window` does not have, and need no `eval`,
   * which a page may forbid.
   * @typedef {Object} PageAccess
   * @property {() => any} chart gives the chart; may throw while there is none
   * @property {() => any} candles gives the candle series; may throw
   * @property {any} QWebChannel constructor from Qt's client library
   */

  /** @param {() => any} read @returns {any} what it gives, or null */
  function resolve(read) {
    try {
      return read() || null;
    } catch (error) {
      // A name that is not declared yet, or a property of null: not there yet.
      return null;
    }
  }

  /** @param {any} series @returns {boolean} whether it was on a chart and is not any more */
  function isRemoved(series) {
    return typeof series.getPane === "function" && heatmap.series.paneIndexOf(series) === null;
  }

  /** One heatmap on one chart of the page. */
  class PageLayer {
    /** @param {LayerConfig} config @param {PageAccess} access */
    constructor(config, access) {
      this._config = config;
      this._access = access;
      this._options = Object.assign({}, config.options);
      this._colours = null;
      this._sideColours = null;
      /** Whether the shown grid tells longs and shorts apart. */
      this._isSplit = false;
      /** What the chart's background is, and the CSS colour that says so. */
      this._ground = "dark";
      this._groundColour = "";
      /** @type {Array<any>} price clusters, see LevelsRenderer */
      this._levels = [];
      this._mix();
      this._bridge = null;
      this._chart = null;
      this._candles = null;
      this._parts = null;
      this._bitmap = null;
      /** The cells that are being unpacked, and what waits for them. */
      this._turns = Promise.resolve();
      this._timer = 0;
      this._lastError = "";
      this._lastErrorMs = -ERROR_INTERVAL_MS;
      /** Kept while charts come and go. */
      this._offset = new heatmap.timeOffset.OffsetFinder(config.timeOffsetMs);
      this._toldOffset = "";
      this._destroyed = false;
      /** Where the words above the candles may stand, see LevelsRenderer. */
      this._room = { right: 0, top: 0, bottom: 0 };
      this._paint = (/** @type {any} */ scope) => this._paintGuarded(scope);
      this._paintAbove = (/** @type {any} */ scope) => this._guard(() => this._paintLabels(scope));
      this._look = () => {
        this._watch();
      };
      this._connection = null;
      this._connectWhenPossible();
    }

    /** The transport appears on the page shortly after Python has set the channel. */
    _connectWhenPossible() {
      if (this._destroyed) {
        return;
      }
      if (!global.qt || !global.qt.webChannelTransport) {
        this._timer = setTimeout(() => this._connectWhenPossible(), SEARCH_INTERVAL_MS);
        return;
      }
      const { QWebChannel } = this._access;
      this._connection = heatmap.channel.connect(this._config.name, QWebChannel, (bridge) => {
        if (this._destroyed) {
          return;
        }
        this._bridge = bridge;
        bridge.gridShown.connect((meta, cells) => {
          this.setHeatmapData(JSON.parse(meta), cells);
        });
        bridge.cellsAppended.connect((meta, cells) => {
          this.appendHeatmapCells(JSON.parse(meta), cells);
        });
        bridge.optionsSet.connect((options) => {
          this._guard(() => this.setOptions(JSON.parse(options)));
        });
        bridge.timeOffsetSet.connect((offsetMs) => {
          this._guard(() => this.setTimeOffset(JSON.parse(offsetMs)));
        });
        bridge.cellDescribed.connect((report) => {
          this._guard(() => this._parts !== null && this._parts.tooltip.answer(JSON.parse(report)));
        });
        bridge.levelsShown.connect((levels) => {
          this._inTurn(() => this.setLevels(JSON.parse(levels)));
        });
        bridge.cleared.connect(() => this._inTurn(() => this.clear()));
        this._watch();
      });
    }

    /** Call a slot; without a callback Qt's library rejects a promise for every void slot. */
    _tell(slot, payload) {
      if (this._bridge !== null && !this._destroyed) {
        this._bridge[slot](JSON.stringify(payload), () => {});
      }
    }

    /** Run what the page or Python asked for; an error goes to Python's log, not repeated. */
    _guard(action) {
      try {
        action();
      } catch (error) {
        this._report(error);
      }
    }

    /** @param {unknown} error */
    _report(error) {
      const text = error instanceof Error ? error.stack || error.message : String(error);
      const nowMs = performance.now();
      if (text !== this._lastError && nowMs - this._lastErrorMs >= ERROR_INTERVAL_MS) {
        this._lastError = text;
        this._lastErrorMs = nowMs;
        this._tell("pageFailed", text);
      }
    }

    /** Look for the chart, and for another one in its place; follow the candles' pane. */
    _watch() {
      clearTimeout(this._timer);
      if (this._destroyed) {
        return;
      }
      const chart = resolve(this._access.chart);
      let candles = chart === null ? null : resolve(this._access.candles);
      if (candles !== null && isRemoved(candles)) {
        candles = null;
      }
      const isGone = this._parts !== null && this._parts.series.isGone;
      if (chart !== this._chart || candles !== this._candles || isGone) {
        this._leaveChart();
        if (chart !== null && candles !== null) {
          this._guard(() => this._enterChart(chart, candles));
        }
      } else if (this._parts !== null) {
        this._guard(() => {
          this._parts.series.followCandles();
          this._tellOffset();
        });
      }
      const found = this._chart !== null;
      this._timer = setTimeout(this._look, found ? WATCH_INTERVAL_MS : SEARCH_INTERVAL_MS);
    }

    _enterChart(chart, candles) {
      if (typeof chart.addCustomSeries !== "function" || typeof candles.getPane !== "function") {
        this._chart = chart;
        this._candles = candles;
        throw new Error(
          this._config.chart + " and " + this._config.candles +
            " are not a chart and a series of Lightweight Charts 5",
        );
      }
      const axis = new heatmap.timeAxis.TimeAxis(chart, candles, this._offset);
      this._chart = chart;
      this._candles = candles;
      this._parts = {
        axis,
        cells: new heatmap.renderer.CellRenderer(candles, axis),
        legend: new heatmap.legend.LegendRenderer(chart),
        overlay: new heatmap.overlay.OverlayRenderer(chart, axis),
        levels: new heatmap.levels.LevelsRenderer(chart, candles, axis),
        profile: new heatmap.profile.ProfileRenderer(chart, candles),
        tooltip: new heatmap.tooltip.CrosshairTooltip(
          chart, candles, axis,
          (query) => this._tell("pageAsked", query),
          (action) => this._guard(action),
        ),
        viewport: new heatmap.viewport.ViewportWatcher(candles, axis, (viewport) => {
          this._tell("pageMoved", viewport);
        }),
        timer: new heatmap.viewport.PaintTimer((timing) => this._tell("pagePainted", timing)),
        series: new heatmap.series.HeatmapSeries(
          chart, candles, this._options, this._paint, this._paintAbove, () => this._loseCandles(),
        ),
      };
      this._showAtCrosshair();
      this._tell("pageReady", {});
    }

    /** The host removes its candles; others may come at once. */
    _loseCandles() {
      this._leaveChart();
      clearTimeout(this._timer);
      this._timer = setTimeout(this._look, SEARCH_INTERVAL_MS);
    }

    _leaveChart() {
      this._chart = null;
      this._candles = null;
      if (this._parts === null) {
        return;
      }
      const parts = this._parts;
      this._parts = null;
      this._tell("pageGone", {});
      parts.series.destroy();
      parts.viewport.destroy();
      parts.timer.destroy();
      parts.cells.destroy();
      try {
        parts.tooltip.destroy();
        parts.axis.destroy();
      } catch (error) {
        // The candle series went with its chart, and its subscriptions with it.
      }
    }

    _paintGuarded(scope) {
      if (this._parts !== null) {
        this._guard(() => this._paintFrame(scope));
      }
    }

    /** Paint one frame of the pane. */
    _paintFrame(scope) {
      const { axis, overlay, viewport, timer, series } = this._parts;
      const begin = performance.now();
      if (series.isAstray) {
        // Not while the chart paints, and nothing in a pane that the candles have left.
        queueMicrotask(this._look);
        return;
      }
      axis.refresh();
      if (axis.count === 0) {
        return;
      }
      this._lookAtGround();
      viewport.note(scope.mediaSize);
      // What the label says holds for the candles too.
      if (!this._options.visible) {
        overlay.drawLabel(scope, this._options.label);
        return;
      }
      if (this._bitmap !== null) {
        this._paintCells(scope);
      }
      overlay.drawLabel(scope, this._options.label);
      this._paintAids(scope);
      timer.add(performance.now() - begin);
    }

    /** Paint the cells, and over them what was not recorded. */
    _paintCells(scope) {
      const { cells, overlay } = this._parts;
      cells.draw(scope, this._bitmap);
      if (this._options.hatch) {
        overlay.drawHatch(scope, this._bitmap.grid);
        overlay.drawWindowStart(scope, this._bitmap.grid);
      }
    }

    /** Paint what helps to read the cells: each keeps clear of those before. */
    _paintAids(scope) {
      const { levels, legend, profile } = this._parts;
      const room = this._room;
      room.right = room.top = room.bottom = 0;
      levels.drawLines(scope, this._levels, this._sideColours);
      if (this._bitmap !== null) {
        if (this._options.profile) {
          profile.draw(scope, this._bitmap.grid, this._sideColours, room);
        }
        legend.draw(scope, this._bitmap.grid, this._colours, this._options, room);
      }
    }

    /** Paint the words above the candles. */
    _paintLabels(scope) {
      const parts = this._parts;
      if (parts === null || this._levels.length === 0 || !this._options.visible) {
        return;
      }
      if (!parts.series.isAstray && parts.axis.count > 0) {
        parts.levels.drawLabels(scope, this._levels, this._sideColours, this._room);
      }
    }

    _repaint() {
      if (this._parts !== null) {
        this._parts.series.requestUpdate();
      }
    }

    /** Make the look-up table for palette, opacity and sides as they are now. */
    _mix() {
      const { palette, opacity } = this._options;
      this._colours = this._isSplit
        ? heatmap.palette.splitLookUpTable(this._ground, opacity)
        : heatmap.palette.lookUpTable(palette, opacity);
      this._sideColours = heatmap.palette.sideColours(this._ground);
    }

    /** Longs and shorts take other colours on a light background than on a dark one. */
    _lookAtGround() {
      const colour = heatmap.words.groundOf(this._chart.options().layout);
      if (colour === this._groundColour) {
        return;
      }
      this._groundColour = colour;
      // The canvas knows every way to write a colour.
      const context = document.createElement("canvas").getContext("2d");
      context.fillStyle = colour;
      const ground = /^#[0-9a-f]{6}$/.test(context.fillStyle)
        ? heatmap.palette.groundOf(context.fillStyle)
        : "dark";
      if (ground !== this._ground) {
        this._ground = ground;
        this._recolour();
      }
    }

    /** Mix the colours anew, and paint the bitmap with them. */
    _recolour() {
      this._mix();
      if (this._bitmap !== null) {
        this._bitmap.recolour(this._colours);
      }
    }

    /** Let the crosshair tell about what is drawn now, or about nothing. */
    _showAtCrosshair() {
      if (this._parts !== null) {
        const { tooltip, cells } = this._parts;
        tooltip.setOn(this._options.visible && this._options.tooltip);
        tooltip.show(cells, this._bitmap);
      }
    }

    /**
     * Do something after all cells that came before are shown: unpacking takes its time, and what
     * comes meanwhile must not overtake.
     * @param {() => void | Promise<void>} action
     * @returns {Promise<void>} done; never fails, an error goes to Python's log
     */
    _inTurn(action) {
      this._turns = this._turns.then(async () => {
        try {
          if (!this._destroyed) {
            await action();
          }
        } catch (error) {
          this._report(error);
        }
      });
      return this._turns;
    }

    /**
     * Show a grid in place of the one before.
     * @param {any} meta see GridMeta @param {string} packed see unpackCells
     * @returns {Promise<void>} done
     */
    setHeatmapData(meta, packed) {
      return this._inTurn(async () => this._showGrid(meta, await unpackCells(packed)));
    }

    /**
     * Add columns at the right and drop some at the left; asks for a new grid where the increment
     * does not continue the shown one.
     * @param {any} meta @param {string} packed see unpackCells
     * @returns {Promise<void>} done
     */
    appendHeatmapCells(meta, packed) {
      return this._inTurn(async () => this._appendCells(meta, await unpackCells(packed)));
    }

    /** @param {any} meta @param {Uint8Array} cells */
    _showGrid(meta, cells) {
      const grid = new HeatmapGrid(meta, cells);
      this._takeNow(meta);
      if (this._bitmap !== null) {
        this._bitmap.destroy();
      }
      if (grid.isSplit !== this._isSplit) {
        this._isSplit = grid.isSplit;
        this._mix();
      }
      this._bitmap = new heatmap.bitmap.HeatmapBitmap(grid, this._colours);
      this._showAtCrosshair();
      this._repaint();
    }

    /** @param {any} meta @param {Uint8Array} cells */
    _appendCells(meta, cells) {
      if (this._bitmap === null || !this._bitmap.grid.append(meta, cells)) {
        this._tell("pageNeedsGrid", {});
        return;
      }
      this._takeNow(meta);
      this._bitmap.update(meta.firstCol, meta.firstCol + meta.cols);
      this._showAtCrosshair();
      this._repaint();
    }

    /** @param {Object} options see `HeatmapLayer.set_options` in Python */
    setOptions(options) {
      const before = this._options;
      this._options = Object.assign({}, before, options);
      const recolour =
        before.palette !== this._options.palette || before.opacity !== this._options.opacity;
      if (recolour) {
        this._recolour();
      }
      if (this._parts !== null) {
        this._parts.series.applyOptions(this._options);
      }
      this._showAtCrosshair();
    }

    /** @param {number | null} offsetMs candle time minus UTC; null: to be found */
    setTimeOffset(offsetMs) {
      this._offset.tell(offsetMs);
      this._repaint();
    }

    /** Take the data's own clock from a message, where it has one. */
    _takeNow(meta) {
      if (typeof meta.nowMs === "number") {
        this._offset.setNow(meta.nowMs);
      }
    }

    /** Report the offset in use, when it is another one; doubts only where a grid depends on it. */
    _tellOffset() {
      const { offsetMs, isCertain } = this._offset;
      const state = offsetMs + " " + isCertain;
      const isOfUse = this._parts.axis.count > 0 && (isCertain || this._bitmap !== null);
      if (isOfUse && state !== this._toldOffset) {
        this._toldOffset = state;
        this._tell("pageOffset", { offsetMs, isCertain });
      }
    }

    /** Show these price clusters, in place of those before. @param {Array<any>} levels */
    setLevels(levels) {
      this._levels = levels;
      this._repaint();
    }

    /** Remove the grid and the levels; the next ones are shown again. */
    clear() {
      if (this._levels.length > 0) {
        this.setLevels([]);
      }
      if (this._bitmap !== null) {
        this._bitmap.destroy();
        this._bitmap = null;
        this._showAtCrosshair();
        this._repaint();
      }
    }

    /** Leave chart and page. Idempotent. */
    destroy() {
      if (this._destroyed) {
        return;
      }
      this._destroyed = true;
      clearTimeout(this._timer);
      this._leaveChart();
      this.clear();
      const connection = this._connection;
      if (connection !== null) {
        // Qt still announces that the object is gone: the host's client must not see that.
        const close = () => {
          clearTimeout(timer);
          connection.close();
          vanish();
        };
        const timer = setTimeout(close, FAREWELL_MS);
        connection.onDestroyed(close);
      }
    }
  }

  /** The page's layers by name; kept when these files run again. */
  heatmap.layers = heatmap.layers || new Map();

  /** @param {string} name of a layer, or of none */
  function remove(name) {
    const layer = heatmap.layers.get(name);
    if (layer !== undefined) {
      heatmap.layers.delete(name);
      layer.destroy();
    }
  }

  /** Take these files themselves off the page, when no layer needs them any more. */
  function vanish() {
    const isConnected = heatmap.hub !== undefined && !heatmap.hub.isClosed;
    if (heatmap.layers.size === 0 && !isConnected && global.OrderPilotHeatmap === heatmap) {
      delete global.OrderPilotHeatmap;
    }
  }

  /**
   * Put a layer on the page, in place of one of the same name.
   * @param {LayerConfig} config @param {PageAccess} access
   * @returns {boolean} true: Python is to know that nothing failed
   */
  heatmap.attach = function (config, access) {
    remove(config.name);
    heatmap.layers.set(config.name, new PageLayer(config, access));
    return true;
  };

  /** Take a layer off the page; with the last one nothing is left. @param {string} name */
  heatmap.detach = function (name) {
    remove(name);
    vanish();
  };

  /** Take every layer off the page. */
  heatmap.destroy = function () {
    for (const name of Array.from(heatmap.layers.keys())) {
      heatmap.detach(name);
    }
  };
})(this);

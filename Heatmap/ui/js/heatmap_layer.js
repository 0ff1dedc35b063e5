(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { HeatmapGrid, unpackCells } = heatmap.data;

  /** How often the page is asked for its chart until it has one, and afterwards. */
  const SEARCH_INTERVAL_MS = 50;
  const WATCH_INTERVAL_MS = 500;
  /** What is not found within this time is told, and then looked for less often. */
  const PATIENCE_MS = 5000;
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
   * @property {string | null} pageColour what the page shows where it paints nothing; null: not known
   * @property {number | null} timeOffsetMs candle time minus UTC; null: to be found
   * @property {number} entry counts how often Python has entered a page
   * @property {number} link counts the channels that Python has had the object on
   */

  /** Let each of a layer's parts leave; one whose chart has gone may fail at it. */
  function destroyParts(parts, isHostsDoing) {
    for (const name of ["series", "viewport", "timer", "cells", "tooltip", "axis"]) {
      try {
        if (parts[name] !== undefined) {
          parts[name].destroy(isHostsDoing);
        }
      } catch (error) {
        // A chart that has gone, or a part that was only half made.
      }
    }
  }

  /** What Python tells a layer, by the names of the bridge's signals. */
  const MESSAGES = {
    gridShown: (layer, meta, cells) => layer.setHeatmapData(JSON.parse(meta), cells),
    cellsAppended: (layer, meta, cells) => layer.appendHeatmapCells(JSON.parse(meta), cells),
    optionsSet: (layer, options) => layer.setOptions(JSON.parse(options)),
    timeOffsetSet: (layer, offsetMs) => layer.setTimeOffset(JSON.parse(offsetMs)),
    cellDescribed: (layer, report) => layer.describeCell(JSON.parse(report)),
    levelsShown: (layer, levels) => layer.inTurn(() => layer.setLevels(JSON.parse(levels))),
    cleared: (layer) => layer.inTurn(() => layer.clear()),
  };

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
      /** What the chart's background is, see Ground in heatmap_palette.js. */
      this._ground = "dark";
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
      /** Since when a chart is looked for, and what was told to be lacking; null: nothing yet. */
      this._searchedMs = performance.now();
      /** @type {string | null} */
      this._lacking = null;
      /** Whether Python was told that the chart is empty. */
      this._isBlank = false;
      /** Kept while charts come and go. */
      this._offset = new heatmap.timeOffset.OffsetFinder(config.timeOffsetMs);
      this._toldOffset = "";
      this._destroyed = false;
      /** Where the words above the candles may stand, see LevelsRenderer. */
      this._room = { right: 0, top: 0, bottom: 0 };
      this._paint = (/** @type {any} */ scope) => this._paintGuarded(scope);
      this._lookAtCrosshair = () => this._guard(() => this._parts && this._parts.tooltip.look());
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
        this._timer = setTimeout(() => this._connectWhenPossible(), this._searchPause());
        return;
      }
      const { QWebChannel } = this._access;
      this._connection = heatmap.channel.connect(this._config.name, QWebChannel, (bridge) => {
        if (this._destroyed) {
          return;
        }
        this._bridge = bridge;
        for (const message of Object.keys(MESSAGES)) {
          bridge[message].connect((/** @type {string[]} */ ...content) => {
            this.take(message, content);
          });
        }
        this._tellLack("");
        this._watch();
      });
    }

    /** @param {string} message see MESSAGES @param {string[]} content */
    take(message, content) {
      this._guard(() => MESSAGES[message](this, ...content));
    }

    /** @param {number} link see LayerConfig @returns {boolean} whether it hears Python by that */
    isLinked(link) {
      const hub = heatmap.hub;
      const isShared = hub !== undefined && !hub.isClosed && hub.isOn(global.qt.webChannelTransport);
      return link === this._config.link && this._bridge !== null && isShared;
    }

    /**
     * Tell Python anew what it has forgotten, because it took the page for another one.
     * @param {number} entry see LayerConfig
     */
    announce(entry) {
      this._config.entry = entry;
      this._lacking = null;
      this._toldOffset = "";
      this._tellLack("");
      if (this._parts !== null) {
        this._parts.viewport.forget();
        this._isBlank = false;
        this._tell("pageReady", {});
        this._repaint();
      }
    }

    /**
     * Say that the layer is on a chart, or what that shows, where Python takes it for gone or empty.
     * @param {boolean} isReady whether Python knows that the layer is on a chart
     */
    tellAgain(isReady) {
      if (this._parts === null) {
        return;
      }
      if (!isReady) {
        this.announce(this._config.entry);
      } else if (!this._isBlank) {
        this._parts.viewport.forget();
        this._repaint();
      }
    }

    /** @returns {number} milliseconds until the page is looked at again for its chart */
    _searchPause() {
      const isPatient = performance.now() - this._searchedMs < PATIENCE_MS;
      return isPatient ? SEARCH_INTERVAL_MS : WATCH_INTERVAL_MS;
    }

    /** Tell once what is lacking. @param {string} what chart, candles, match, or empty: too early */
    _tellLack(what) {
      if (what !== this._lacking) {
        this._lacking = what;
        this._tell("pageLacks", { what });
      }
    }

    /**
     * Call a slot; without a callback Qt's library rejects a promise for every void slot.
     * @param {string} slot @param {Object | string} payload what it is about, or an error
     */
    _tell(slot, payload) {
      if (this._bridge !== null && !this._destroyed) {
        const { entry } = this._config;
        const report = typeof payload === "string" ? payload : Object.assign({ entry }, payload);
        this._bridge[slot](JSON.stringify(report), () => {});
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
      const { chart, candles, lack } = heatmap.finder.find(this._access);
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
          if (this._parts.ground.hasNewBehind()) {
            this._repaint();
          }
        });
      }
      if (this._chart !== null) {
        this._timer = setTimeout(this._look, WATCH_INTERVAL_MS);
        return;
      }
      const pause = this._searchPause();
      if (pause === WATCH_INTERVAL_MS) {
        this._tellLack(lack);
      }
      this._timer = setTimeout(this._look, pause);
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
      this._chart = chart;
      this._candles = candles;
      /** @type {any} */
      const parts = {};
      try {
        this._makeParts(parts, chart, candles);
      } catch (error) {
        destroyParts(parts, false);
        throw error;
      }
      this._parts = parts;
      this._lacking = "";
      this._isBlank = false;
      this._showAtCrosshair();
      this._tell("pageReady", {});
    }

    /** Make what draws on the chart, one after the other, the series last. */
    _makeParts(parts, chart, candles) {
      const axis = new heatmap.timeAxis.TimeAxis(chart, candles, this._offset);
      parts.axis = axis;
      const ground = new heatmap.ground.Ground(chart, this._config.pageColour);
      parts.ground = ground;
      const texts = new heatmap.texts.AxisTexts(chart, candles, axis);
      parts.cells = new heatmap.renderer.CellRenderer(candles, axis);
      parts.legend = new heatmap.legend.LegendRenderer(chart, ground, texts);
      parts.overlay = new heatmap.overlay.OverlayRenderer(chart, ground, axis);
      parts.levels = new heatmap.levels.LevelsRenderer(chart, ground, candles, axis, texts);
      parts.profile = new heatmap.profile.ProfileRenderer(chart, ground, candles);
      parts.tooltip = new heatmap.tooltip.CrosshairTooltip(
        chart, ground, candles, axis, texts,
        (query) => this._tell("pageAsked", query),
        (action) => this._guard(action),
      );
      parts.viewport = new heatmap.viewport.ViewportWatcher(candles, axis, (viewport) => {
        this._tell("pageMoved", viewport);
      });
      parts.timer = new heatmap.viewport.PaintTimer((timing) => this._tell("pagePainted", timing));
      parts.series = new heatmap.series.HeatmapSeries(
        chart, candles, this._options, this._paint, this._paintAbove, () => this._loseChart(),
      );
    }

    /** The host removes its candles, or the whole chart; others may come at once. */
    _loseChart() {
      this._leaveChart(true);
      clearTimeout(this._timer);
      this._timer = setTimeout(this._look, SEARCH_INTERVAL_MS);
    }

    /** @param {boolean} [isHostsDoing] within a call of the host */
    _leaveChart(isHostsDoing) {
      this._chart = null;
      this._candles = null;
      if (this._parts === null) {
        return;
      }
      const parts = this._parts;
      this._parts = null;
      this._searchedMs = performance.now();
      this._tell("pageGone", {});
      destroyParts(parts, isHostsDoing === true);
    }

    _paintGuarded(scope) {
      if (this._parts !== null) {
        this._guard(() => this._paintFrame(scope));
        // What a frame shows may be another one under the same crosshair. Not within the frame: a
        // screenshot hides the crosshair, paints and shows it again.
        queueMicrotask(this._lookAtCrosshair);
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
        this._noteBlank();
        return;
      }
      this._isBlank = false;
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

    /** The chart has lost its candles: there is no view that a grid could be made for. */
    _noteBlank() {
      if (!this._isBlank) {
        this._isBlank = true;
        this._parts.viewport.forget();
        this._tell("pageBlank", {});
      }
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
        : heatmap.palette.lookUpTable(palette, opacity, this._ground);
      this._sideColours = heatmap.palette.sideColours(this._ground);
    }

    /** All colours run away from the chart's background: they follow it. */
    _lookAtGround() {
      const { ground } = this._parts;
      if (ground.look() && ground.hex !== this._ground) {
        this._ground = ground.hex;
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
    inTurn(action) {
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
      return this.inTurn(async () => this._showGrid(meta, await unpackCells(packed)));
    }

    /**
     * Add columns at the right and drop some at the left; asks for a new grid where the increment
     * does not continue the shown one.
     * @param {any} meta @param {string} packed see unpackCells
     * @returns {Promise<void>} done
     */
    appendHeatmapCells(meta, packed) {
      return this.inTurn(async () => this._appendCells(meta, await unpackCells(packed)));
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
      const { isCertain } = this._offset;
      const { offsetMs } = this._parts.axis;
      const state = offsetMs + " " + isCertain;
      const isOfUse = this._parts.axis.count > 0 && (isCertain || this._bitmap !== null);
      if (isOfUse && state !== this._toldOffset) {
        this._toldOffset = state;
        this._tell("pageOffset", { offsetMs, isCertain });
      }
    }

    /** Show at the crosshair what lies there. @param {any} report or null: nothing is known */
    describeCell(report) {
      if (this._parts !== null) {
        this._parts.tooltip.answer(report);
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
          heatmap.page.vanish();
        };
        const timer = setTimeout(close, FAREWELL_MS);
        connection.onDestroyed(close);
      }
    }
  }

  heatmap.layer = { PageLayer };
})(this);

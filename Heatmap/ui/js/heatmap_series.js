(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** An overlay scale of its own: nothing of the host's scales sees this series. */
  const PRICE_SCALE_ID = "order-pilot-heatmap";

  /** The custom series' view. It has no items and draws nothing: the primitive draws. */
  class EmptyPaneView {
    constructor() {
      this._renderer = { draw() {} };
    }

    renderer() {
      return this._renderer;
    }

    update() {}

    priceValueBuilder() {
      return [];
    }

    isWhitespace() {
      return true;
    }

    defaultOptions() {
      return {};
    }

    destroy() {}
  }

  /** A series primitive that paints at one height: behind all series, or right above its own. */
  class LayerPrimitive {
    /**
     * @param {"bottom" | "normal"} zOrder of Lightweight Charts; what is at the "top" is missing in
     *   a plain screenshot
     * @param {(scope: any) => void} paint called with the pane's bitmap coordinates scope
     */
    constructor(zOrder, paint) {
      /** @type {(() => void) | null} */
      this._requestUpdate = null;
      this._views = [makeView(zOrder, paint)];
    }

    /** @param {{requestUpdate: () => void}} parameters */
    attached(parameters) {
      this._requestUpdate = parameters.requestUpdate;
    }

    detached() {
      this._requestUpdate = null;
    }

    updateAllViews() {}

    paneViews() {
      return this._views;
    }

    /** Have the pane painted again soon; nothing when not attached. */
    requestUpdate() {
      if (this._requestUpdate !== null) {
        this._requestUpdate();
      }
    }
  }

  /** @param {any} series @returns {number | null} null for one that is on no chart any more */
  function paneIndexOf(series) {
    try {
      return series.getPane().paneIndex();
    } catch (error) {
      return null;
    }
  }

  /** The host's objects of which calls are watched; kept when these files run again. */
  const watched = (heatmap.watched = heatmap.watched || new WeakMap());

  /**
   * Series of layers that have left, maybe within a call of the host: a host that goes through a list of a
   * pane's series, made before, comes to them too, and the library fails at what it does not know.
   * @type {WeakSet<any>}
   */
  const departed = (heatmap.departed = heatmap.departed || new WeakSet());

  /** Run a watcher; whatever goes wrong there, the host's call goes on. */
  function runQuietly(action) {
    try {
      action();
    } catch (error) {
      // The next look at the page, or the next frame, meets the same state and reports it.
    }
  }

  /**
   * Learn of the host's calls of a method. All watchers of a method share one own property of the
   * object, which goes with the last of them, so that the prototype's method is seen again. A call
   * of `removeSeries` for a layer's series that has left already is passed over. An object that takes no property is not watched: the next look at the page has to do.
   * @param {any} object @param {string} method
   * @param {{before?: (...parameters: any[]) => void, after?: () => void}} watcher
   * @returns {() => void} ends it
   */
  function watchCalls(object, method, watcher) {
    if (!Object.isExtensible(object)) {
      return () => {};
    }
    if (!watched.has(object)) {
      watched.set(object, new Map());
    }
    const entries = watched.get(object);
    if (!entries.has(method)) {
      const original = object[method];
      const isOwn = Object.prototype.hasOwnProperty.call(object, method);
      const watchers = new Set();
      const call = (/** @type {any[]} */ ...parameters) => {
        if (method === "removeSeries" && departed.has(parameters[0])) {
          return undefined;
        }
        for (const each of Array.from(watchers)) {
          runQuietly(() => each.before && each.before(...parameters));
        }
        const result = original.apply(object, parameters);
        for (const each of Array.from(watchers)) {
          runQuietly(() => each.after && each.after());
        }
        return result;
      };
      entries.set(method, { original, isOwn, watchers, call });
      object[method] = call;
    }
    const { original, isOwn, watchers, call } = entries.get(method);
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      // Where somebody has wrapped it since, it stays, and only passes on.
      if (watchers.size === 0 && object[method] === call) {
        entries.delete(method);
        delete object[method];
        if (isOwn) {
          object[method] = original;
        }
      }
    };
  }

  /** @param {string} zOrder @param {(scope: any) => void} paint @returns {any} a pane view */
  function makeView(zOrder, paint) {
    const renderer = {
      draw(/** @type {any} */ target) {
        target.useBitmapCoordinateSpace(paint);
      },
    };
    return { zOrder: () => zOrder, renderer: () => renderer };
  }

  /**
   * The series and its primitive on one chart: the picture behind the candles and under the chart's
   * grid lines. Few words stand above the candles, by a primitive of theirs, which goes with them.
   */
  class HeatmapSeries {
    /**
     * @param {any} chart @param {any} candles
     * @param {Object} options the layer's options
     * @param {(scope: any) => void} paint @param {(scope: any) => void} paintAbove as for
     *   LayerPrimitive: behind and above the candles
     * @param {() => void} onLeave called before the host removes its candle series or its chart
     */
    constructor(chart, candles, options, paint, paintAbove, onLeave) {
      this._chart = chart;
      this._candles = candles;
      this._primitive = new LayerPrimitive("bottom", paint);
      this._above = new LayerPrimitive("normal", paintAbove);
      const seriesOptions = Object.assign({}, options, {
        priceScaleId: PRICE_SCALE_ID,
        autoscaleInfoProvider: () => null,
        lastValueVisible: false,
        priceLineVisible: false,
        title: "",
      });
      const pane = candles.getPane().paneIndex();
      this._series = chart.addCustomSeries(new EmptyPaneView(), seriesOptions, pane);
      if (typeof this._series.setSeriesOrder === "function") {
        this._series.setSeriesOrder(0);
      }
      this._series.attachPrimitive(this._primitive);
      candles.attachPrimitive(this._above);
      // Within the host's own calls: for a frame a pane that should be gone would change the sizes
      // of the others, which the host gets as changes of the range. No event tells of either.
      this._endings = [
        watchCalls(candles, "moveToPane", { after: () => this.followCandles() }),
        watchCalls(chart, "remove", { before: onLeave }),
      ];
      this._endOfRemovals = watchCalls(chart, "removeSeries", {
        before: (/** @type {any} */ series) => {
          if (series === candles) {
            onLeave();
          }
        },
      });
    }

    /** @param {Object} options the layer's options */
    applyOptions(options) {
      if (!this.isGone) {
        this._series.applyOptions(options);
        this._primitive.requestUpdate();
      }
    }

    /** Have the pane painted again soon; a chart that was removed would fail at its next frame. */
    requestUpdate() {
      if (!this.isGone) {
        this._primitive.requestUpdate();
      }
    }

    /** @returns {boolean} whether the host has removed the layer's series, or the whole chart */
    get isGone() {
      return paneIndexOf(this._series) === null;
    }

    /** @returns {boolean} whether the candles are in another pane than the layer, or in none */
    get isAstray() {
      const wanted = paneIndexOf(this._candles);
      return wanted === null || (wanted >= 0 && paneIndexOf(this._series) !== wanted);
    }

    /** Move to the candles' pane when they are in another one. */
    followCandles() {
      const wanted = paneIndexOf(this._candles);
      if (wanted !== null && this.isAstray) {
        this._series.moveToPane(wanted);
        if (typeof this._series.setSeriesOrder === "function") {
          this._series.setSeriesOrder(0);
        }
      }
    }

    /** Take the words off candles that are on a chart; others have let go of them already. */
    _leaveCandles() {
      if (paneIndexOf(this._candles) === null) {
        this._above.detached();
        return;
      }
      try {
        this._candles.detachPrimitive(this._above);
      } catch (error) {
        this._above.detached();
      }
    }

    /**
     * Leave the chart; nothing happens when the host has removed the chart before.
     * @param {boolean} isHostsDoing within a call of the host, which may go on to remove this
     *   series too
     */
    destroy(isHostsDoing) {
      this._endings.forEach((end) => end());
      this._leaveCandles();
      if (isHostsDoing) {
        setTimeout(this._endOfRemovals, 0);
      } else {
        this._endOfRemovals();
      }
      if (this.isGone) {
        // Taken along by the chart, or removed by the host: to detach from it would have a chart
        // that is disposed of draw another frame.
        this._primitive.detached();
        return;
      }
      try {
        this._series.detachPrimitive(this._primitive);
        this._chart.removeSeries(this._series);
        departed.add(this._series);
      } catch (error) {
        // A chart that was removed takes its series along, and then throws at every call.
        this._primitive.detached();
      }
    }
  }

  heatmap.series = { HeatmapSeries, paneIndexOf, watchCalls };
})(this);

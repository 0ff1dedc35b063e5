// needs: heatmap_finder.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { Patience } = heatmap.finder;

  /** A page that fails at every frame must not fill the log. */
  const ERROR_INTERVAL_MS = 1000;
  /** How long the channel is kept after detaching, for Qt's last word about the object. */
  const FAREWELL_MS = 2000;

  /** The way between a layer's script and Python: its object on the page's web channel. */
  class Messenger {
    /**
     * @param {any} config see LayerConfig
     * @param {any} QWebChannel constructor from Qt's client library
     * @param {string[]} messages the signals of the bridge that are listened to
     * @param {(message: string, content: string[]) => void} take called with each of them
     * @param {() => void} onOpen called once, when Python can be told something
     */
    constructor(config, QWebChannel, messages, take, onOpen) {
      this._config = config;
      this._QWebChannel = QWebChannel;
      this._messages = messages;
      this._take = take;
      this._onOpen = onOpen;
      this._bridge = null;
      this._connection = null;
      this._patience = new Patience();
      this._timer = 0;
      this._isClosed = false;
      /** What was told to be lacking. @type {string | null} null: nothing yet */
      this._lacking = null;
      this._lastError = "";
      this._lastErrorMs = -ERROR_INTERVAL_MS;
    }

    /** Connect; the transport appears on the page shortly after Python has set the channel. */
    open() {
      if (this._isClosed) {
        return;
      }
      if (!heatmap.channel.isThere()) {
        this._timer = setTimeout(() => this.open(), this._patience.pauseMs);
        return;
      }
      this._connection = heatmap.channel.connect(this._config.name, this._QWebChannel, (bridge) => {
        if (this._isClosed) {
          return;
        }
        this._bridge = bridge;
        for (const message of this._messages) {
          bridge[message].connect((/** @type {string[]} */ ...content) => {
            this._take(message, content);
          });
        }
        this.tellLack("");
        this._onOpen();
      });
    }

    /** @param {number} link see LayerConfig @returns {boolean} whether it hears Python by that */
    isLinked(link) {
      const isHeard = this._bridge !== null && heatmap.channel.isCurrent();
      return link === this._config.link && isHeard;
    }

    /** Begin anew, as Python takes the page for another one. @param {number} entry see LayerConfig */
    enter(entry) {
      this._config.entry = entry;
      this._lacking = null;
      this.tellLack("");
    }

    /** @returns {number} by which the page was entered last, see LayerConfig */
    get entry() {
      return this._config.entry;
    }

    /** Tell once what is lacking. @param {string} what chart, candles, match, or empty: too early */
    tellLack(what) {
      if (what !== this._lacking) {
        this._lacking = what;
        this.tell("pageLacks", { what });
      }
    }

    /** Nothing is lacking: the next lack is told, whatever it is. */
    forgetLack() {
      this._lacking = "";
    }

    /**
     * Call a slot; without a callback Qt's library rejects a promise for every void slot.
     * @param {string} slot @param {Object | string} payload what it is about, or an error
     */
    tell(slot, payload) {
      if (this._bridge !== null && !this._isClosed) {
        const { entry } = this._config;
        const report = typeof payload === "string" ? payload : Object.assign({ entry }, payload);
        this._bridge[slot](JSON.stringify(report), () => {});
      }
    }

    /** Run what the page or Python asked for; an error goes to Python's log, not repeated. */
    guard(/** @type {() => void} */ action) {
      try {
        action();
      } catch (error) {
        this.report(error);
      }
    }

    /** @param {unknown} error */
    report(error) {
      const text = error instanceof Error ? error.stack || error.message : String(error);
      const nowMs = performance.now();
      if (text !== this._lastError && nowMs - this._lastErrorMs >= ERROR_INTERVAL_MS) {
        this._lastError = text;
        this._lastErrorMs = nowMs;
        this.tell("pageFailed", text);
      }
    }

    /** Tell and hear nothing any more. */
    close() {
      this._isClosed = true;
      clearTimeout(this._timer);
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

  heatmap.messenger = { Messenger };
})(this);

(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Message types of Qt's web channel protocol that are routed here. */
  const SIGNAL = 1;
  const PROPERTY_UPDATE = 2;
  const IDLE = 4;
  const RESPONSE = 10;

  /** Each client of ours numbers its messages from a base of its own; the host starts at 0. */
  const ID_STEP = 2 ** 40;
  /** A handler that wraps the one before it leads here again; deeper chains are a loop. */
  const MAX_HANDLERS = 8;

  /**
   * One client beside the host's on the page's only transport. To Qt's client library it looks
   * like a transport of its own.
   */
  class ProxyClient {
    /** @param {ChannelHub} hub @param {string} objectName @param {number} base of message ids */
    constructor(hub, objectName, base) {
      this._hub = hub;
      this.objectName = objectName;
      this.base = base;
      /** @type {((event: {data: any}) => void) | null} set by the client library */
      this.onmessage = null;
      /** Whether the client library knows its objects: it warns of signals that come before. */
      this.isReady = false;
      this.swallowIdle = false;
    }

    /** Called by the client library. @param {string} text */
    send(text) {
      const message = JSON.parse(text);
      if (message.type === IDLE && this.swallowIdle) {
        return;
      }
      if (typeof message.id === "number") {
        message.id += this.base;
      }
      this._hub.send(JSON.stringify(message));
    }

    /** @param {any} message @param {boolean} acknowledge whether its idle may go to the server */
    deliver(message, acknowledge) {
      if (this.onmessage === null) {
        return;
      }
      this.swallowIdle = !acknowledge;
      try {
        this.onmessage({ data: message });
      } finally {
        this.swallowIdle = false;
      }
    }
  }

  /**
   * Shares the page's transport: responses go by message id, signals and property updates by
   * object name; everything that is not ours goes to the host's handler unchanged. The server
   * waits for one acknowledgement per batch of property updates: the host's client gives it where
   * it gets a part of the batch, else one is sent here.
   */
  class ChannelHub {
    /** @param {{send: (text: string) => void, onmessage: any}} transport */
    constructor(transport) {
      this._transport = transport;
      /** @type {Map<string, ProxyClient>} by object name */
      this._clients = new Map();
      /** The host's handlers, the newest last; older ones serve handlers that wrap them. */
      this._handlers = typeof transport.onmessage === "function" ? [transport.onmessage] : [];
      /** A client knows its objects once its first response has come; later ones replace it. */
      this._hostReady = this._handlers.length > 0;
      this._depth = 0;
      this._closed = false;
      const hub = this;
      this._dispatch = function (/** @type {any} */ event) {
        hub._receive(event);
      };
      Object.defineProperty(transport, "onmessage", {
        configurable: true,
        enumerable: true,
        get() {
          return hub._dispatch;
        },
        set(handler) {
          hub._takeHandler(handler);
        },
      });
    }

    /** @param {string} objectName @returns {ProxyClient} */
    open(objectName) {
      // No two clients of a page have the same numbers, not even one after the other: the answer to
      // one that has gone may still be on its way.
      const base = heatmap.nextIdBase || ID_STEP;
      heatmap.nextIdBase = base + ID_STEP;
      const client = new ProxyClient(this, objectName, base);
      this._clients.set(objectName, client);
      return client;
    }

    /** Forget a client; after the last one the host has its transport back. */
    close(/** @type {ProxyClient} */ client) {
      if (this._clients.get(client.objectName) === client) {
        this._clients.delete(client.objectName);
      }
      if (this._clients.size === 0 && !this._closed) {
        this._closed = true;
        // A plain property with its value: `delete` would leave undefined.
        Object.defineProperty(this._transport, "onmessage", {
          configurable: true,
          enumerable: true,
          writable: true,
          value: this._handlers[this._handlers.length - 1],
        });
      }
    }

    /** @param {any} transport @returns {boolean} whether it is the one that is shared here */
    isOn(transport) {
      return this._transport === transport;
    }

    get isClosed() {
      return this._closed;
    }

    /** @param {string} text */
    send(text) {
      this._transport.send(text);
    }

    /** The host, or somebody else on the page, sets its handler. */
    _takeHandler(handler) {
      if (handler === this._dispatch) {
        return;
      }
      if (typeof handler !== "function") {
        this._handlers.length = 0;
        this._hostReady = false;
        return;
      }
      this._handlers.push(handler);
      if (this._handlers.length > MAX_HANDLERS) {
        this._handlers.shift();
      }
    }

    /** @param {{data: any}} event from the transport, or from a handler that wraps this one */
    _receive(event) {
      if (this._depth > 0 || this._closed) {
        this._toOlderHandler(event);
        return;
      }
      const isText = typeof event.data === "string";
      const message = isText ? JSON.parse(event.data) : event.data;
      if (message.type === RESPONSE && message.id >= ID_STEP) {
        this._toClientById(message);
      } else if (message.type === SIGNAL && this._clients.has(message.object)) {
        const client = this._clients.get(message.object);
        if (client.isReady) {
          client.deliver(message, true);
        }
      } else if (message.type === PROPERTY_UPDATE) {
        this._splitUpdate(event, message, isText);
      } else {
        if (message.type === RESPONSE) {
          this._hostReady = true;
        }
        this._toHost(event);
      }
    }

    /** @param {any} message a response to one of our clients */
    _toClientById(message) {
      for (const client of this._clients.values()) {
        if (message.id >= client.base && message.id < client.base + ID_STEP) {
          message.id -= client.base;
          client.deliver(message, true);
          return;
        }
      }
    }

    /** Give each side its part of a batch of property updates, and acknowledge it once. */
    _splitUpdate(event, message, isText) {
      const rest = message.data.filter((/** @type {any} */ part) => !this._clients.has(part.object));
      const hostTakes = rest.length > 0 && this._handlers.length > 0 && this._hostReady;
      for (const client of this._clients.values()) {
        const own = message.data.filter(
          (/** @type {any} */ part) => part.object === client.objectName,
        );
        if (own.length > 0) {
          client.deliver({ type: PROPERTY_UPDATE, data: own }, false);
        }
      }
      if (!hostTakes) {
        this.send(JSON.stringify({ type: IDLE }));
      } else if (rest.length === message.data.length) {
        this._toHost(event);
      } else {
        const part = { type: PROPERTY_UPDATE, data: rest };
        this._toHost({ data: isText ? JSON.stringify(part) : part });
      }
    }

    /** @param {{data: any}} event */
    _toHost(event) {
      const handler = this._handlers[this._handlers.length - 1];
      if (handler === undefined) {
        return;
      }
      this._depth += 1;
      try {
        handler.call(this._transport, event);
      } finally {
        this._depth -= 1;
      }
    }

    /** A wrapping handler calls the one that it found: pass the event one further down. */
    _toOlderHandler(event) {
      const level = this._depth + (this._closed ? 1 : 0);
      const handler = this._handlers[this._handlers.length - 1 - level];
      if (handler === undefined) {
        return;
      }
      this._depth += 1;
      try {
        handler.call(this._transport, event);
      } finally {
        this._depth -= 1;
      }
    }
  }

  /**
   * Connect to an object of the page's web channel.
   * @param {string} objectName as registered in Python
   * @param {any} QWebChannel constructor from Qt's client library
   * @param {(object: any) => void} onObject called once, with the object
   * @returns {{close: () => void, onDestroyed: (then: () => void) => void}}
   */
  function connect(objectName, QWebChannel, onObject) {
    const transport = global.qt.webChannelTransport;
    if (!heatmap.hub || heatmap.hub.isClosed || !heatmap.hub.isOn(transport)) {
      // Kept on the namespace: the layers of a page share it, also when these files run again.
      heatmap.hub = new ChannelHub(transport);
    }
    const hub = heatmap.hub;
    const client = hub.open(objectName);
    let remote = null;
    let onEnd = null;
    new QWebChannel(client, (/** @type {any} */ channel) => {
      client.isReady = true;
      remote = channel.objects[objectName];
      if (onEnd !== null) {
        follow(remote, onEnd);
        return;
      }
      // Without it the host has set another channel meanwhile: Python notices, and comes again.
      if (remote !== undefined) {
        onObject(remote);
      }
    });
    return {
      close() {
        hub.close(client);
      },
      /**
       * Qt says that an object was taken off the channel by its signal `destroyed`. Until Qt has
       * said which objects there are, its answer is on the way, and the host must not get it.
       */
      onDestroyed(then) {
        onEnd = then;
        if (remote !== null) {
          follow(remote, then);
        }
      },
    };
  }

  /** @param {any} remote undefined where the object has gone already */
  function follow(remote, then) {
    if (remote === undefined) {
      then();
    } else {
      remote.destroyed.connect(then);
    }
  }

  /** @returns {boolean} whether there is a channel by now: it appears soon after Python has set it */
  function isThere() {
    return Boolean(global.qt && global.qt.webChannelTransport);
  }

  /** @returns {boolean} whether what was connected still hears the page's present channel */
  function isCurrent() {
    const hub = heatmap.hub;
    return hub !== undefined && !hub.isClosed && hub.isOn(global.qt.webChannelTransport);
  }

  heatmap.channel = { connect, isThere, isCurrent };
})(this);

/**
 * Sound and picture: one connection that sends mine, one that receives everybody's. The only file that knows WebRTC.
 *
 * The sending connection is offered with an empty sound and picture line before any device has answered, and devices are put
 * on those lines when they come: joining waits for no camera, and nothing is ever negotiated again for a device.
 */

import { NO_COUNTS, hasStopped, measured } from "./measure.ts";
import type { Counts } from "./measure.ts";
import type { Measure } from "./line.ts";
import { PictureAsks } from "./pictures.ts";
import type { Picture } from "./pictures.ts";
import { RequestFailed } from "./socket.ts";
import type { Candidate, Leg, MediaEvent, MediaRequest, StreamOfFeed } from "./protocol.ts";

const PATIENCE_MS = 1000;
const RESTART_MS = 6000;
const CLOSE_LATER_MS = 2000;
const RETRY_MS = [300, 600, 1200, 2400, 3000];

/** Speech goes before pictures, in this browser's own queue and, where routers heed it, on the way. */
const SOUND: RTCRtpEncodingParameters = { maxBitrate: 32_000, priority: "high", networkPriority: "high" };
/** Larger than any size we send: Chromium sends three sizes only of a picture that is at least 960 × 540. */
const PICTURE = { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 } };
/** 640 × 360, 320 × 180 and 160 × 90; what each costs is counted with in pictures.ts. */
const SIZES: RTCRtpEncodingParameters[] = [
  { rid: "h", maxBitrate: 500_000, scaleResolutionDownBy: 1.5 },
  { rid: "m", maxBitrate: 130_000, scaleResolutionDownBy: 3 },
  { rid: "l", maxBitrate: 60_000, scaleResolutionDownBy: 6, maxFramerate: 12 },
];

/** What was chosen at the door, and how this person left the room: nobody comes back louder than that. */
export type Devices = {
  readonly audio?: string;
  readonly video?: string;
  readonly camera_off?: boolean;
  readonly mic_off?: boolean;
};
/** Why my camera is not sent although I want it: the line (the device stays on), or because I save data (it is off). */
export type Rest = "no" | "unsent" | "off";
export type Trouble = "refused" | "missing" | "busy" | null;

export type FeedView = {
  readonly feed: string;
  readonly sound: MediaStream | null;
  readonly picture: MediaStream | null;
  /** When this picture line was given to this feed, on the page's clock: frames from before are another person's. */
  readonly since: number;
};

export type MediaView = {
  readonly feeds: ReadonlyMap<string, FeedView>;
  readonly self: MediaStream | null;
  readonly mic: boolean;
  readonly camera: boolean;
  readonly rest: Rest;
  readonly micTrouble: Trouble;
  readonly cameraTrouble: Trouble;
  readonly connected: boolean;
};

const NOTHING: MediaView = {
  feeds: new Map(),
  self: null,
  mic: false,
  camera: false,
  rest: "no",
  micTrouble: null,
  cameraTrouble: null,
  connected: true,
};

/** The relays, and whether any other way may be tried. */
export type Ways = Pick<RTCConfiguration, "iceServers" | "iceTransportPolicy">;

export type Figures = {
  framesDecoded: number;
  framesByFeed: Record<string, number>;
  audioBytesSent: number;
  videoBytesSent: number;
  audioBytesReceived: number;
  videoBytesReceived: number;
  packetsLost: number;
  roundTripMs: number | null;
  /** By which kind of way each connection goes, from our side: "host", "srflx", "prflx" or "relay"; empty while there is none. */
  ways: { sending: string; receiving: string };
  pictureWidths: Record<string, number>;
  /** Of all sound played, the share that had to be made up because it did not come in time. */
  soundMadeUp: number;
  soundSamples: number;
};

/** Seals what leaves and opens what comes, end to end; see e2ee/sealing.ts. */
export type Seal = {
  readonly connection: RTCConfiguration;
  readonly secured: boolean;
  sender(sender: RTCRtpSender, kind: string): void;
  receiver(receiver: RTCRtpReceiver, kind: string): void;
};

type Offer = Extract<MediaEvent, { kind: "offer" }>;
type Ask = (request: MediaRequest) => Promise<{ sdp?: string; feed?: string }>;

/** Who holds this: the way to our server, and whoever wants to know what becomes of sound and picture. */
export type Holder = {
  readonly ask: Ask;
  changed(): void;
  /** From one moment to the next nothing comes or goes on a connection. */
  stalled(): void;
};

export class GroupMedia {
  view: MediaView = NOTHING;
  feed: string | null = null;
  readonly timings = { publishedAt: 0, offeredAt: 0, connectedAt: 0 };

  #running = false;
  #publication = 0;
  #subscription = 0;
  #micWanted: boolean;
  #cameraWanted: boolean;
  #mic: MediaStreamTrack | null = null;
  #camera: MediaStreamTrack | null = null;
  #sending: Connection | null = null;
  #receiving: Connection | null = null;
  /** The connection a publication is under way with: candidates come before the answer. */
  #sendingNext: Connection | null = null;
  #leg = 0;
  #offered = 0;
  /** The offer answered last: the server says one again that may have come before we listened. */
  #answered = "";
  /** Candidates of a receiving connection whose offer is still on its way. */
  #early: { leg: number; candidate: Candidate | null }[] = [];
  #turn = 0;
  #inLine: Promise<unknown> = Promise.resolve();
  #streams: StreamOfFeed[] = [];
  #rest: Rest = "no";
  /** When a device stopped by itself, by the wall's clock. */
  #micLostAt = 0;
  #cameraLostAt = 0;
  readonly #asks = new PictureAsks();
  #asksTimer: ReturnType<typeof setTimeout> | undefined;
  #counts: Counts = NO_COUNTS;
  /** Nothing at all came between the last two looks. */
  #isSilent = false;
  #slow = 0;

  constructor(
    private readonly holder: Holder,
    private readonly devices: Devices,
    private readonly ways: Ways = {},
    /** Null where sound and picture are sealed to the media server alone. Asked anew for each connection. */
    private readonly seal: () => Seal | null = () => null,
  ) {
    this.#cameraWanted = !devices.camera_off;
    this.#micWanted = !devices.mic_off;
  }

  /** What this person wants to send, whether or not there is a device or a line for it. */
  get wanted(): { readonly mic: boolean; readonly camera: boolean } {
    return { mic: this.#micWanted, camera: this.#cameraWanted };
  }

  get running(): boolean {
    return this.#running;
  }

  /** Listening first: the microphone is off until its owner turns it on. */
  beginMuted(): void {
    if (!this.#running) this.#micWanted = false;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#openDevices();
    this.#joinAnew();
  }

  /** Over to another room of the same session: new connections, and the devices stay open. */
  move(): void {
    if (!this.#running) return;
    this.#joinAnew();
    this.#show({ connected: true });
  }

  /** Let go of everything, devices included: their lights go out. */
  stop(): void {
    this.#running = false;
    this.#publication += 1;
    this.#subscription += 1;
    for (const connection of this.#letGo()) connection.close();
    this.#mic?.stop();
    this.#camera?.stop();
    this.#mic = this.#camera = null;
    clearTimeout(this.#asksTimer);
    this.#show({ ...NOTHING, rest: this.#rest });
  }

  hear(event: MediaEvent): void {
    if (!this.#running) return;
    switch (event.kind) {
      case "offer":
        this.#offered = event.leg;
        this.#answerInLine(event);
        break;
      case "trickle":
        if (event.target === "publisher") (this.#sendingNext ?? this.#sending)?.take(event.candidate);
        else if (event.leg === this.#leg) this.#receiving?.take(event.candidate);
        else this.#early.push({ leg: event.leg ?? 0, candidate: event.candidate });
        break;
      case "feeds":
        this.#keepOnly(new Set(event.feeds));
        break;
      case "gone":
        this.#joinAnew();
        break;
      case "hangup":
        // One that we ended ourselves, to begin anew, is said here too. A lost receiving connection is offered again by the server.
        if (event.target === "publisher" && event.feed === this.feed && event.reason !== "kicked" && event.reason !== "ended") this.#publishSoon();
        break;
      case "moderated":
        if (event.feed === this.feed && event.media === "audio" && event.muted) void this.setMic(false);
        break;
      case "slow":
        this.#slow += 1;
        break;
      case "layer":
        for (const { mid, feed } of this.#streams) if (mid === event.mid) this.#asks.heard(feed);
        break;
    }
  }

  /** The keys came, or were lost: devices are put on the line or taken off it, and the first picture is a whole one. */
  sealChanged(): void {
    if (this.#running) void this.#putDevicesOn();
  }

  /** Our own socket is back, or the network may have changed: find out at once which connections need a new path. */
  check(isOther = false): void {
    if (!this.#running) return;
    for (const connection of [this.#sending, this.#receiving]) connection?.mend(isOther || this.#isSilent);
  }

  /**
   * Open again what stopped while the page slept, as it was: a muted microphone stays muted. What stopped before `since` was unplugged,
   * or taken away in the browser by its owner: theirs to give back.
   */
  async openAgain(since: number): Promise<void> {
    if (!this.#running) return;
    const mic = this.#micWanted && !this.#mic && this.#micLostAt >= since;
    const camera = this.#cameraWanted && !this.#camera && this.#cameraLostAt >= since && this.#rest !== "off";
    this.#micLostAt = mic ? 0 : this.#micLostAt;
    this.#cameraLostAt = camera ? 0 : this.#cameraLostAt;
    if (mic) await this.#openMic();
    if (camera) await this.#openCamera();
    if (mic || camera) await this.#putDevicesOn();
  }

  async setMic(on: boolean): Promise<void> {
    this.#micWanted = on;
    if (on && !this.#mic) await this.#openMic();
    if (this.#mic) this.#mic.enabled = on;
    await this.#sending?.sound(this.#mic, on);
    this.#showSelf();
    // A facilitator's mute is held at the server: take it back there too.
    if (on && this.#mic) await this.holder.ask({ kind: "configure", speak: true }).catch(() => undefined);
  }

  async setCamera(on: boolean): Promise<void> {
    this.#cameraWanted = on;
    if (on && !this.#camera) await this.#openCamera();
    if (!on) {
      this.#camera?.stop();
      this.#camera = null;
    }
    await this.#sending?.picture(this.#sentCamera());
    this.#showSelf();
  }

  /** Let my camera rest, or wake it if I still want it: what I want does not change by it. */
  async restCamera(rest: Rest): Promise<void> {
    if (rest === this.#rest) return;
    this.#rest = rest;
    if (rest === "off") {
      this.#camera?.stop();
      this.#camera = null;
    } else if (this.#running && this.#cameraWanted && !this.#camera) await this.#openCamera();
    await this.#sending?.picture(this.#sentCamera());
    this.#showSelf();
  }

  #sentCamera(): MediaStreamTrack | null {
    return this.#rest === "no" ? this.#camera : null;
  }

  /** The pictures worth receiving, of every feed. Asked for as soon as the media server can be asked. */
  askFor(wanted: ReadonlyMap<string, Picture>): void {
    this.#asks.want(wanted);
    this.#askForDue();
  }

  #askForDue(): void {
    clearTimeout(this.#asksTimer);
    if (!this.#running) return;
    const { requests, againInMs } = this.#asks.due(performance.now());
    for (const request of requests) void this.holder.ask({ kind: "configure", ...request }).catch(() => undefined);
    if (againInMs !== null) this.#asksTimer = setTimeout(() => this.#askForDue(), againInMs);
  }

  /** How the line was since this was asked last; null where nothing came at all for a while, which says nothing of how well it carries. */
  async measure(): Promise<Measure | null> {
    const sendsPicture = this.#sentCamera() !== null;
    const [incoming, outgoing] = await Promise.all([reports(this.#receiving), reports(this.#sending)]);
    const { measure, counts } = measured(incoming, outgoing, { before: this.#counts, slow: this.#slow, sendsPicture });
    if (hasStopped(this.#counts, counts)) this.holder.stalled();
    const hadGone = this.#isSilent && this.#counts.came > 0;
    this.#isSilent = counts.cameLately === 0;
    this.#counts = counts;
    this.#slow = 0;
    return hadGone || this.#isSilent ? null : measure;
  }

  async figures(): Promise<Figures> {
    const figures: Figures = {
      framesDecoded: 0,
      framesByFeed: {},
      audioBytesSent: 0,
      videoBytesSent: 0,
      audioBytesReceived: 0,
      videoBytesReceived: 0,
      packetsLost: 0,
      roundTripMs: null,
      ways: { sending: "", receiving: "" },
      pictureWidths: {},
      soundMadeUp: 0,
      soundSamples: 0,
    };
    const feedOf = new Map(this.#streams.map((stream) => [stream.mid, stream.feed]));
    const [incoming, outgoing] = await Promise.all([reports(this.#receiving), reports(this.#sending)]);
    figures.ways = { sending: wayOf(outgoing), receiving: wayOf(incoming) };
    for (const report of incoming) {
      if (report.type !== "inbound-rtp") continue;
      figures.packetsLost += report.packetsLost ?? 0;
      if (report.kind === "audio") {
        figures.audioBytesReceived += report.bytesReceived ?? 0;
        figures.soundMadeUp += (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0);
        figures.soundSamples += report.totalSamplesReceived ?? 0;
      } else {
        const feed = feedOf.get(report.mid) ?? "";
        figures.videoBytesReceived += report.bytesReceived ?? 0;
        figures.framesDecoded += report.framesDecoded ?? 0;
        figures.framesByFeed[feed] = report.framesDecoded ?? 0;
        figures.pictureWidths[feed] = report.frameWidth ?? 0;
      }
    }
    for (const report of outgoing) {
      if (report.type === "outbound-rtp" && report.kind === "audio") figures.audioBytesSent += report.bytesSent ?? 0;
      if (report.type === "outbound-rtp" && report.kind === "video") figures.videoBytesSent += report.bytesSent ?? 0;
      if (report.type === "remote-inbound-rtp" && report.roundTripTime !== undefined) {
        figures.roundTripMs = Math.round(report.roundTripTime * 1000);
      }
    }
    return figures;
  }

  // --- devices ---------------------------------------------------------------------------------------------------

  /** Both in one question, so that a browser asks its person once; then each by itself, so that one may be missing. */
  async #openDevices(): Promise<void> {
    const opensCamera = this.#cameraWanted && this.#rest !== "off";
    if (opensCamera) {
      try {
        const both = await capture({ audio: sound(this.devices.audio), video: picture(this.devices.video) });
        [this.#mic, this.#camera] = [both.getAudioTracks()[0] ?? null, both.getVideoTracks()[0] ?? null];
        return await this.#putDevicesOn();
      } catch {
        // Below, one by one: whichever there is.
      }
    }
    await this.#openMic();
    await this.#putDevicesOn();
    if (opensCamera) {
      await this.#openCamera();
      await this.#putDevicesOn();
    }
  }

  async #openMic(): Promise<void> {
    const { track, trouble } = await open({ audio: sound(this.devices.audio) }, { audio: sound() });
    this.#mic = track;
    this.#show({ micTrouble: trouble });
  }

  async #openCamera(): Promise<void> {
    const { track, trouble } = await open({ video: picture(this.devices.video) }, { video: picture() });
    this.#camera = track;
    this.#show({ cameraTrouble: trouble });
  }

  async #putDevicesOn(): Promise<void> {
    if (!this.#running) {
      this.#mic?.stop();
      this.#camera?.stop();
      this.#mic = this.#camera = null;
      return;
    }
    if (this.#mic) this.#mic.enabled = this.#micWanted;
    // Turned off while it was still being opened.
    if (!this.#cameraWanted) {
      this.#camera?.stop();
      this.#camera = null;
    }
    for (const track of [this.#mic, this.#camera]) track?.addEventListener("ended", this.#deviceLost, { once: true });
    await this.#sending?.sound(this.#mic, this.#micWanted);
    await this.#sending?.picture(this.#sentCamera());
    this.#showSelf();
  }

  readonly #deviceLost = (event: Event): void => {
    if (event.target === this.#mic) {
      this.#mic = null;
      this.#micLostAt = Date.now();
      this.#show({ micTrouble: "missing" });
    } else if (event.target === this.#camera) {
      this.#camera = null;
      this.#cameraLostAt = Date.now();
      this.#show({ cameraTrouble: "missing" });
    } else return;
    this.#showSelf();
  };

  #showSelf(): void {
    const same = this.view.self?.getVideoTracks()[0] === this.#camera;
    this.#show({
      self: this.#camera ? (same ? this.view.self : new MediaStream([this.#camera])) : null,
      mic: this.#mic !== null && this.#micWanted,
      camera: this.#camera !== null,
      rest: this.#rest,
    });
  }

  // --- sending ---------------------------------------------------------------------------------------------------

  /** What is new is begun before anything is drawn or closed: closing holds a page up for longer than joining takes. */
  #joinAnew(): void {
    const before = this.#letGo();
    void this.#publish();
    this.#receiveAnew();
    for (const connection of before) connection.abandon(this.seal());
    this.#show({ feeds: new Map(), connected: this.timings.connectedAt === 0 });
  }

  #publishSoon(): void {
    setTimeout(() => void this.#publish(), RETRY_MS[0]);
  }

  async #publish(): Promise<void> {
    const mine = (this.#publication += 1);
    const current = (): boolean => mine === this.#publication;
    await this.#insist(current, async () => {
      const sending: Connection = new Connection("publisher", this.ways, this.seal(), this.holder.ask, {
        restart: () => this.#restartSending(sending),
        giveUp: () => sending === this.#sending && this.#publishSoon(),
        changed: () => this.#showConnected(),
        stalled: () => this.holder.stalled(),
      });
      this.#sendingNext = sending;
      sending.offerLines();
      try {
        const offer = await sending.pc.createOffer();
        await sending.pc.setLocalDescription(offer);
        if (!current() || !this.#running) throw new Outdated();
        const reply = await this.holder.ask({ kind: "publish", sdp: offer.sdp ?? "" });
        if (!current() || !this.#running) throw new Outdated();
        // The one before is closed only now: closing it first would look to the server like leaving.
        this.#sending?.close();
        this.#sending = sending;
        this.feed = reply.feed ?? null;
        this.timings.publishedAt ||= Date.now();
        await sending.pc.setRemoteDescription({ type: "answer", sdp: reply.sdp ?? "" });
        sending.ready();
        await sending.sound(this.#mic, this.#micWanted);
        await sending.picture(this.#sentCamera());
      } catch (error) {
        if (this.#sending !== sending) sending.close();
        throw error;
      } finally {
        if (this.#sendingNext === sending) this.#sendingNext = null;
      }
    });
  }

  async #restartSending(sending: Connection): Promise<void> {
    sending.hold();
    const offer = await sending.pc.createOffer({ iceRestart: true });
    await sending.pc.setLocalDescription(offer);
    const reply = await this.holder.ask({ kind: "restart", target: "publisher", sdp: offer.sdp ?? "" });
    await sending.pc.setRemoteDescription({ type: "answer", sdp: reply.sdp ?? "" });
    sending.ready();
  }

  // --- receiving -------------------------------------------------------------------------------------------------

  /** Fresh, because a reloaded page is the same seat to the server, with connections that nobody holds any more. */
  #receiveAnew(): void {
    const mine = (this.#subscription += 1);
    const current = (): boolean => mine === this.#subscription;
    void this.#insist(current, async () => void (await this.holder.ask({ kind: "subscribe", feeds: "all", fresh: true })));
  }

  /** One offer after the other. What waits on a connection that was closed meanwhile waits for ever: a new turn has a line of its own. */
  #answerInLine(offer: Offer): void {
    const turn = this.#turn;
    this.#inLine = this.#inLine
      .then(() => (turn === this.#turn ? this.#answer(offer) : undefined))
      .catch((error) => turn === this.#turn && this.#unanswered(offer.leg, error));
  }

  async #answer(offer: Offer): Promise<void> {
    if (!this.#running || offer.leg < this.#offered || offer.sdp === this.#answered) return;
    this.#answered = offer.sdp;
    if (offer.leg > this.#leg || !this.#receiving) {
      this.#receiving?.close();
      this.#streams = [];
      this.#leg = offer.leg;
      this.timings.offeredAt ||= Date.now();
      const receiving: Connection = new Connection("subscriber", this.ways, this.seal(), this.holder.ask, {
        restart: () => {
          receiving.hold();
          return this.holder.ask({ kind: "restart", target: "subscriber" });
        },
        giveUp: () => receiving === this.#receiving && this.#receiveAnew(),
        changed: () => this.#showConnected(),
        stalled: () => this.holder.stalled(),
      });
      this.#receiving = receiving;
      for (const { leg, candidate } of this.#early) if (leg === offer.leg) receiving.take(candidate);
      this.#early = this.#early.filter(({ leg }) => leg > offer.leg);
    }
    const receiving = this.#receiving;
    const { pc } = receiving;
    await pc.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    if (receiving !== this.#receiving) return;
    receiving.hear();
    const answer = await pc.createAnswer();
    await pc.setLocalDescription(answer);
    // Begun anew meanwhile, in another place perhaps: this answer would be taken for one to the offer made there.
    if (receiving !== this.#receiving) return;
    const started = this.holder.ask({ kind: "start", leg: offer.leg, sdp: answer.sdp ?? "" });
    receiving.speak();
    // Drawn while the answer travels; nothing comes by these lines before it has arrived.
    this.#assign(offer.streams);
    await started;
    if (receiving !== this.#receiving) return;
    receiving.ready();
    this.#askForDue();
  }

  /** An offer overtaken by the next one is no failure: that one is in line behind it. */
  #unanswered(leg: number, error: unknown): void {
    if (leg === this.#offered && !(error instanceof RequestFailed && error.code === "stale")) this.#receiveAnew();
  }

  /** Give each feed the lines it has now; a line may have been another person's a moment ago. */
  #assign(streams: StreamOfFeed[]): void {
    const before = new Map(this.#streams.map((stream) => [stream.mid, stream.feed]));
    this.#streams = streams;
    this.#asks.keepOnly(new Set(streams.map(({ feed }) => feed)));
    this.#asks.begun(streams.filter(({ mid, feed, media }) => media === "video" && before.get(mid) !== feed).map(({ feed }) => feed));
    const lines = new Map(this.#receiving?.pc.getTransceivers().map((line) => [line.mid, line.receiver.track]));
    const feeds = new Map<string, FeedView>();
    for (const { mid, feed, media } of streams) {
      const track = lines.get(mid);
      if (!track) continue;
      const was = this.view.feeds.get(feed);
      const kept = before.get(mid) === feed ? (media === "audio" ? was?.sound : was?.picture) : null;
      const stream = kept?.getTracks()[0] === track ? kept : new MediaStream([track]);
      const view = feeds.get(feed) ?? { feed, sound: null, picture: null, since: was?.since ?? performance.now() };
      feeds.set(feed, {
        ...view,
        since: media === "video" && stream !== kept ? performance.now() : view.since,
        [media === "audio" ? "sound" : "picture"]: stream,
      });
    }
    this.#show({ feeds });
  }

  #keepOnly(feeds: ReadonlySet<string>): void {
    if ([...this.view.feeds.keys()].every((feed) => feeds.has(feed))) return;
    this.#streams = this.#streams.filter((stream) => feeds.has(stream.feed));
    this.#asks.keepOnly(feeds);
    this.#show({ feeds: new Map([...this.view.feeds].filter(([feed]) => feeds.has(feed))) });
  }

  // --- both ------------------------------------------------------------------------------------------------------

  /** Try until it works, a later attempt has taken over, or the person has left. */
  async #insist(current: () => boolean, run: () => Promise<void>): Promise<void> {
    for (let tries = 0; this.#running && current(); tries += 1) {
      try {
        await run();
        return;
      } catch (error) {
        if (error instanceof Outdated) return;
        await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!);
      }
    }
  }

  /** Forget the connections and return them, for somebody to close. */
  #letGo(): Connection[] {
    this.#turn += 1;
    this.#inLine = Promise.resolve();
    const before = [this.#sending, this.#receiving].filter((connection) => connection !== null);
    this.#sending = this.#receiving = null;
    this.#streams = [];
    this.#early = [];
    this.#leg = this.#offered = 0;
    this.#answered = "";
    this.feed = null;
    return before;
  }

  #showConnected(): void {
    const connected = [this.#sending, this.#receiving].every((one) => !one?.broken);
    if (connected && this.#sending?.pc.connectionState === "connected") this.timings.connectedAt ||= Date.now();
    this.#show({ connected });
  }

  #show(part: Partial<MediaView>): void {
    this.view = { ...this.view, ...part };
    this.holder.changed();
  }
}

class Outdated extends Error {}

type Care = { restart(): Promise<unknown>; giveUp(): void; changed(): void; stalled(): void };

/** A peer connection that mends itself: a new path first (sound and picture stay), a new connection if that fails. */
export class Connection {
  readonly pc: RTCPeerConnection;
  broken = false;
  #isReady = false;
  #isHeld = false;
  #mine: (Candidate | null)[] = [];
  #theirs: (Candidate | null)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** "unanswered": a new path was asked for, and half of it is in force already, whatever the state says. */
  #mending: "no" | "asked" | "unanswered" = "no";
  #lines: { sound: RTCRtpTransceiver; picture: RTCRtpTransceiver } | null = null;

  constructor(
    private readonly target: Leg,
    ways: Ways,
    private readonly seal: Seal | null,
    private readonly ask: Ask,
    private readonly care: Care,
  ) {
    this.pc = new RTCPeerConnection({ ...ways, bundlePolicy: "max-bundle", ...seal?.connection });
    this.pc.ontrack = ({ receiver, track }) => this.seal?.receiver(receiver, track.kind);
    this.pc.onicecandidate = ({ candidate }) => this.#send(candidate ? plain(candidate) : null);
    this.pc.onconnectionstatechange = () => this.#watch();
  }

  offerLines(): void {
    this.#lines = {
      sound: this.pc.addTransceiver("audio", { direction: "sendonly", sendEncodings: [SOUND] }),
      picture: this.pc.addTransceiver("video", { direction: "sendonly", sendEncodings: SIZES }),
    };
    this.seal?.sender(this.#lines.sound.sender, "audio");
    this.seal?.sender(this.#lines.picture.sender, "video");
  }

  /** Muted means that nothing is sent, not that silence is. */
  async sound(track: MediaStreamTrack | null, on: boolean): Promise<void> {
    const sender = this.#lines?.sound.sender;
    if (sender && this.pc.signalingState !== "closed") await sender.replaceTrack(on ? this.#sealable(track) : null);
  }

  async picture(track: MediaStreamTrack | null): Promise<void> {
    const sender = this.#lines?.picture.sender;
    if (sender && this.pc.signalingState !== "closed") await sender.replaceTrack(this.#sealable(track));
  }

  /** Without keys no device is on the line at all; that nothing is sent unsealed is the worker's to see to. */
  #sealable(track: MediaStreamTrack | null): MediaStreamTrack | null {
    return this.seal && !this.seal.secured ? null : track;
  }

  /** A new path is being agreed upon: told before that, its candidates would be taken for the old one's, either way. */
  hold(): void {
    this.#isReady = false;
    this.#isHeld = true;
  }

  /** Both descriptions are set: candidates may travel. */
  ready(): void {
    this.#isHeld = false;
    this.speak();
    this.hear();
  }

  /** Their description is set, ours may not be: a first way to them can be tried. Not while another path is agreed upon. */
  hear(): void {
    if (!this.#isHeld) for (const candidate of this.#theirs.splice(0)) this.take(candidate);
  }

  /** Ours is on its way to them, and what is said after it arrives after it. Not while another path is agreed upon. */
  speak(): void {
    if (this.#isHeld) return;
    this.#isReady = true;
    for (const candidate of this.#mine.splice(0)) this.#send(candidate);
  }

  take(candidate: Candidate | null): void {
    if (!this.pc.remoteDescription || this.#isHeld) this.#theirs.push(candidate);
    else if (candidate) void this.pc.addIceCandidate(candidate).catch(() => undefined);
  }

  /** `isOther`: the network is another one, and what still looks connected will not be for long. */
  mend(isOther = false): void {
    const states: RTCPeerConnectionState[] = isOther ? ["connected", "disconnected", "failed"] : ["disconnected", "failed"];
    if (this.#mending === "asked") return;
    if (this.#mending === "unanswered" || states.includes(this.pc.connectionState)) void this.#restart();
  }

  close(): void {
    this.#forget();
    this.pc.close();
  }

  /** Nobody needs it any more: it sends nothing from now on, and is closed when the page has time. At once where it was sealed otherwise. */
  abandon(seal: Seal | null): void {
    if ((seal === null) !== (this.seal === null)) return this.close();
    this.#forget();
    void this.sound(null, false);
    void this.picture(null);
    setTimeout(() => this.pc.close(), CLOSE_LATER_MS);
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.pc.onconnectionstatechange = this.pc.onicecandidate = null;
  }

  #send(candidate: Candidate | null): void {
    if (!this.#isReady) this.#mine.push(candidate);
    else void this.ask({ kind: "trickle", target: this.target, candidate }).catch(() => undefined);
  }

  #watch(): void {
    const state = this.pc.connectionState;
    if (state === "connected") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.broken = false;
    } else if (state === "disconnected") {
      this.broken = true;
      this.care.stalled();
      // Often it comes back by itself within a second.
      this.#timer ??= setTimeout(() => void this.#restart(), PATIENCE_MS);
    } else if (state === "failed") {
      this.broken = true;
      void this.#restart();
    }
    this.care.changed();
  }

  async #restart(): Promise<void> {
    clearTimeout(this.#timer);
    // A path that broke shows as such well within this time; one that held, or was mended unnoticed, needs no new connection.
    this.#timer = setTimeout(() => {
      this.#timer = undefined; // else the next break would find a timer that has run out, and arm none
      if (this.pc.connectionState !== "connected") this.care.giveUp();
    }, RESTART_MS);
    this.#mending = "asked";
    try {
      await this.care.restart();
      this.#mending = "no";
    } catch {
      // The line to our server is gone too: asked again when it is back, and else the timer above comes round.
      this.#mending = "unanswered";
    }
  }
}

function plain(candidate: RTCIceCandidate): Candidate {
  const { sdpMid, sdpMLineIndex } = candidate;
  return {
    candidate: candidate.candidate,
    ...(sdpMid === null ? {} : { sdpMid }),
    ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
  };
}

function sound(id?: string): MediaTrackConstraints {
  return { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(id ? { deviceId: { exact: id } } : {}) };
}

function picture(id?: string): MediaTrackConstraints {
  return { ...PICTURE, ...(id ? { deviceId: { exact: id } } : { facingMode: "user" }) };
}

async function capture(wanted: MediaStreamConstraints): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
  return navigator.mediaDevices.getUserMedia(wanted);
}

/** The chosen device, or any if that one is no longer there. */
async function open(
  chosen: MediaStreamConstraints,
  any: MediaStreamConstraints,
): Promise<{ track: MediaStreamTrack | null; trouble: Trouble }> {
  let trouble: Trouble = null;
  for (const wanted of [chosen, any]) {
    try {
      const stream = await capture(wanted);
      return { track: stream.getTracks()[0] ?? null, trouble: null };
    } catch (error) {
      trouble = troubleOf(error);
      if (trouble === "refused") break;
    }
  }
  return { track: null, trouble };
}

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

async function reports(connection: Connection | null): Promise<any[]> {
  if (!connection || connection.pc.signalingState === "closed") return [];
  const found: any[] = [];
  (await connection.pc.getStats()).forEach((report) => found.push(report));
  return found;
}

/** The kind of way that is taken, by the names of WebRTC's candidates. */
function wayOf(found: readonly any[]): string {
  const pair = found.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
  return found.find((report) => report.id === pair?.localCandidateId)?.candidateType ?? "";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

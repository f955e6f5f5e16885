/** The tools of those who lead, both ways: openiop/room/protocol/door.py in TypeScript. */

export type DoorPreset = "soon" | "late" | "finishing" | "talk";
export type NetworkWord = "good" | "weak";

/** A seat of null is everybody who waits. All but the last are facilitators' only. */
export type DoorCommand =
  | { type: "door_lock"; locked: boolean }
  | { type: "door_say"; seat: string | null; preset?: DoorPreset; text?: string }
  | { type: "door_unsay"; seat: string | null }
  | { type: "network"; word: NetworkWord };

export type DoorSaid = { readonly id: string; readonly preset: DoorPreset | null; readonly text: string; readonly by: string; readonly at: string };

/** For whoever waits: what was written to them alone stands first. */
export type DoorForMe = { readonly locked: boolean; readonly said: readonly DoorSaid[] };

/** For those who lead; `said` is to all who wait. */
export type DoorLed = { readonly locked_at: string | null; readonly locked_by: string; readonly said: DoorSaid | null };

/** openiop/room/protocol/floor.py. `speak_not_now`, `stick_pass` and one's own `spotlight_off` are anybody's. */
export type FloorCommand =
  | { type: "ask_to_speak" | "spotlight"; seat: string }
  | { type: "spotlight_off"; seat: string; id?: string }
  | { type: "speak_not_now"; id?: string }
  | { type: "stick"; out: boolean }
  | { type: "stick_pass"; holder: string | null };

/** I am asked to speak; only I see it. */
export type SpeakAsked = { readonly id: string; readonly by: string; readonly at: string };

/** What everybody at my place sees alike. While `stick.seat` is null the stick lies there. */
export type FloorNow = { readonly spotlit: readonly string[]; readonly stick: { readonly seat: string | null; readonly at: string } | null };

/** openiop/room/protocol/chat.py. Only `chat_write` is anybody's, and it names nobody. */
export type ChatCommand = { type: "chat_mode"; mode: ChatWord } | { type: "chat_write"; id: string; text: string } | { type: "chat_remove"; line: string };

export type ChatWord = "off" | "everyone" | "facilitators";

export type ChatLine = {
  readonly id: string;
  /** What its author's browser called it. */
  readonly key: string;
  readonly seat: string;
  readonly name: string;
  readonly role: "patient" | "supporter" | "facilitator" | "staff";
  readonly to: "everyone" | "facilitators";
  /** For those who lead: in which other room it was written. */
  readonly room: string;
  readonly text: string;
  readonly removed: boolean;
  readonly at: string;
};

/** openiop/room/protocol/leading.py: another who leads is asked to go to a private place with a patient. */
export type AsidesCommand = { type: "aside_ask"; seat: string; person: string } | { type: "aside_answer"; ask: string; comes: boolean };

/** Who is not free in the room is called when they are asked. */
export type Leader = { readonly person: string; readonly name: string; readonly free: boolean };

export type AsideAsked = {
  readonly id: string;
  readonly seat: string;
  readonly name: string;
  readonly whom: string;
  readonly whom_name: string;
  readonly by: string;
  readonly by_name: string;
  readonly at: string;
  readonly declined: boolean;
  /** A clinician who does not lead; `word` is how far it is. */
  readonly called?: boolean;
  readonly word?: "asked" | "coming" | "late" | "here" | "lost" | "declined" | "unable";
};

/** A clinician who does not lead and may be called; of a therapist, to this one patient. */
export type OnDuty = { readonly person: string; readonly name: string; readonly because: "on_call" | "therapist" | "director"; readonly seat: string | null };

/** For the patient: `by` has asked for somebody; `name` is coming, is here, or their line is lost. */
export type Company = { readonly word: "asked" | "coming" | "here" | "lost"; readonly by: string; readonly name: string };

/** For a clinician who was called: whom for, and whether they are in this place too. */
export type CalledNow = { readonly name: string; readonly there: boolean };

/** Breakouts as pure functions: who asks, who is where, what the clock says. No DOM, no sockets, no clock of its own. */

import type { BreakoutPerson, Breakouts, MyBreakout, Room } from "./protocol.ts";

const SOON_SECONDS = 120;
const COUNTDOWN_SECONDS = 30;

/** Whole seconds from `now` to `then`, never below zero. */
export function secondsUntil(then: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(then) - now) / 1000));
}

export function secondsSince(then: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(then)) / 1000));
}

/** "11:20", "0:05". */
export function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function runs(breakouts: Breakouts | null): boolean {
  return breakouts?.phase === "running" || breakouts?.phase === "closing";
}

/** Those who ask for help, the longest wait first. */
export function calls(breakouts: Breakouts | null): readonly BreakoutPerson[] {
  return (breakouts?.people ?? [])
    .filter((person) => person.asked_at)
    .sort((a, b) => Date.parse(a.asked_at!) - Date.parse(b.asked_at!) || a.name.localeCompare(b.name));
}

/** Those with an open safety case where none of the staff is, the gravest first. */
export function unattended(breakouts: Breakouts | null): readonly BreakoutPerson[] {
  return (breakouts?.people ?? [])
    .filter((person) => person.unattended)
    .sort((a, b) => Number(b.watch === "imminent") - Number(a.watch === "imminent") || a.name.localeCompare(b.name));
}

/** Those in a room, or (null) in the group; staff last. */
export function peopleIn(breakouts: Breakouts, room: string | null): readonly BreakoutPerson[] {
  const isStaff = (person: BreakoutPerson): boolean => person.role === "facilitator" || person.role === "staff";
  return breakouts.people
    .filter((person) => person.room === room)
    .sort((a, b) => Number(isStaff(a)) - Number(isStaff(b)) || a.name.localeCompare(b.name));
}

export function roomName(breakouts: Breakouts, room: string | null): string | null {
  return breakouts.rooms.find((one) => one.room === room)?.name ?? null;
}

/** Where I am, as a facilitator; null is the group. */
export function myRoom({ breakouts, me }: Room): string | null {
  return breakouts?.people.find((person) => person.seat === me.seat)?.room ?? null;
}

/** Whom this person must not share a room with, of those who are in it. */
export function foesIn(breakouts: Breakouts, person: BreakoutPerson, room: string): readonly string[] {
  const foes = new Set(
    breakouts.apart.filter((pair) => pair.includes(person.seat)).flatMap(([a, b]) => (a === person.seat ? [b] : [a])),
  );
  return peopleIn(breakouts, room).filter((other) => foes.has(other.seat)).map((other) => other.name);
}

/** What the clock asks a room to be told: nothing, that the end is near, or the countdown to the way back. */
export function ending(mine: MyBreakout, now: number): "soon" | "countdown" | null {
  if (!mine.ends_at) return null;
  const left = secondsUntil(mine.ends_at, now);
  if (mine.closing || left <= COUNTDOWN_SECONDS) return "countdown";
  return left <= SOON_SECONDS ? "soon" : null;
}

/** Calls for help that were not there before: told to facilitators, who may be looking at the faces. */
export function newCalls(before: Room | null, now: Room): readonly BreakoutPerson[] {
  const known = new Set(calls(before?.breakouts ?? null).map((person) => person.seat));
  return calls(now.breakouts).filter((person) => !known.has(person.seat));
}

/** The agenda and the skills cards, both ways: openiop/room/protocol/cards.py in TypeScript. All but `card_keep` are facilitators' only. */

export type CardsCommand =
  | { type: "agenda_mark"; block: string }
  | { type: "card_show"; card: string }
  | { type: "card_keep"; card: string; id?: string }
  | { type: "card_put_away" };

/** The card that is shown, in my language. */
export type CardNow = {
  readonly id: string;
  readonly card: string;
  readonly title: string;
  readonly why: string;
  readonly steps: readonly string[];
  /** Who should ask their team before trying it. */
  readonly care: string;
  readonly source: string;
  /** I keep it for afterwards. */
  readonly kept: boolean;
};

/** For those who lead. */
export type AgendaBlock = { readonly block: string; readonly title: string; readonly begins_at: string; readonly ends_at: string; readonly now: boolean };

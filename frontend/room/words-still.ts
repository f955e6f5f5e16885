/** The words of *still with us?*. */

export const STILL_EN = {
  still: "Still with us?",
  still_text: "Nothing was touched here for a while. That is fine. A touch, a key or a spoken word answers.",
  still_own: "Only you see this; the people who lead see a small mark if nothing answers.",
  still_counts: "{n} min after it is asked, minutes stop counting until something is touched.",
  still_here: "I am here",
  still_word: "I need a word",
  still_thanks: "Good that you are here.",
  untouched: "no touch for {n} min",
  still_seen: "Is here",
  still_seen_name: "{name} is here: take the mark away",
  still_risk: "No touch: please look",
  still_risk_text: "A case is open. See whether they answer.",
  still_risk_one: "{name}: nothing was touched for {n} min. Please look whether they answer.",
  still_risk_many: "{n} people: nothing was touched for a while. Please look whether they answer.",
};

export const STILL_ES: Record<keyof typeof STILL_EN, string> = {
  still: "¿Sigue con nosotros?",
  still_text: "Hace un rato que aquí no se toca nada. Está bien. Basta un toque, una tecla o una palabra para responder.",
  still_own: "Solo usted ve esto; si nada responde, quienes dirigen ven una pequeña señal.",
  still_counts: "A los {n} min de preguntar, los minutos dejan de contar hasta que se toque algo.",
  still_here: "Aquí estoy",
  still_word: "Necesito hablar un momento",
  still_thanks: "Qué bien que está aquí.",
  still_seen: "Está aquí",
  still_seen_name: "{name} está aquí: quitar la señal",
  untouched: "sin tocar nada desde hace {n} min",
  still_risk: "Sin tocar nada: mire, por favor",
  still_risk_text: "Hay un caso abierto. Mire si responde.",
  still_risk_one: "{name}: no se ha tocado nada en {n} min. Mire si responde, por favor.",
  still_risk_many: "{n} personas: hace un rato que no tocan nada. Mire si responden, por favor.",
};

/** What is said of a press while the line is broken. */

export const OUTBOX_EN = {
  call_waits: "Not sent yet. It is sent by itself when the line is back.",
  call_not_sent: "This could not be sent.",
  mine_waits: "What you pressed is kept here and sent when the line is back.",
  no_line_yet: "No line, so this was not done. Press again when the line is back.",
  not_done_unsure: "The line broke just after you pressed. Look whether it was done before you press again.",
};

export const OUTBOX_ES: Record<keyof typeof OUTBOX_EN, string> = {
  call_waits: "Aún no se ha enviado. Se envía solo cuando vuelva la conexión.",
  call_not_sent: "Esto no se pudo enviar.",
  mine_waits: "Lo que pulsó se guarda aquí y se envía cuando vuelva la conexión.",
  no_line_yet: "No hay conexión, así que esto no se hizo. Púlselo de nuevo cuando vuelva.",
  not_done_unsure: "La conexión se cortó justo después de pulsar. Mire si se hizo antes de pulsar de nuevo.",
};

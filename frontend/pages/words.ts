/** The few words that pages say by themselves, in the page's language. All others come from the server. */

const english = {
  saved: "saved {time}",
  sending: "saving",
  kept: "kept on this phone, sends itself when the line is back",
  keptSignedOut: "kept on this phone, sends itself when you have signed in again",
  keptOther: "someone else is signed in here now; your answers are kept on this phone for you",
  refused: "one answer could not be saved; please look at it again, or tell us in the group",
  notItsDay:
    "one answer is for a day that is not open for answers; it is kept on this phone and your team has not seen it. Please tell them. In danger, call the numbers",
  notSaved: "not saved yet; your words are still here, trying again",
  notSavedSignedOut: "not saved; copy your words, then sign in again",
  notLive: "Not live. Nothing has been heard for {seconds} seconds; trying again. Phone calls still work.",
  signedOut: "Not live: you are signed out. Load the page to sign in.",
  held: "Something changed. It shows when you have finished writing here.",
  soundOn: "Turn the sound on",
  soundWhy: "This page rings when a person needs someone. The browser asks for one press first.",
  lockSoon: "This page locks in one minute.",
  clearSoon: "This screen clears itself in one minute.",
  stay: "Stay",
  cleared: "This screen was cleared. If it does not begin again in a moment, tell the front desk.",
  copied: "copied",
  next: "Next",
  back: "Back",
  done: "Done",
  question: "Question {number} of {total}",
  cameraGood: "We can see you.",
  cameraOff: "Camera is off. That is fine: you can join with sound alone.",
  cameraRefused:
    "The browser was told not to use the camera. Press the sign beside the address, choose Camera, then Allow, and try again. Or go on without it.",
  cameraMissing: "No camera was found. You can go on without one.",
  cameraBusy: "Another program is using the camera. Close it and try again, or go on without it.",
  microphoneWaiting: "Say a few words.",
  microphoneGood: "We can hear you.",
  microphoneQuiet: "We hear nothing yet. Speak up, or choose another microphone.",
  microphoneRefused:
    "The browser was told not to use the microphone. Press the sign beside the address, choose Microphone, then Allow, and try again.",
  microphoneMissing: "No microphone was found. Plug one in or use a phone, then try again.",
  microphoneBusy: "Another program is using the microphone. Close it and try again.",
  insecure: "This browser cannot use camera and microphone on this address. Open the page by its secure address.",
  speakerAsk: "Press the button: you should hear two soft notes.",
  speakerPlayed: "Two notes were played. Nothing heard? Turn the volume up or choose another speaker.",
  lineChecking: "Checking the line.",
  lineGood: "The line is good.",
  lineSlow: "The line is slow. It works, with fewer and smaller pictures. If the sound breaks up, choose low data.",
  linePoor: "The line is too weak for pictures. Join with low data: people hear you, and you hear them.",
  lineNone: "We could not reach the clinic. Take another network, such as mobile data instead of the Wi-Fi, and try again.",
  cameraNumber: "Camera {number}",
  microphoneNumber: "Microphone {number}",
  speakerNumber: "Speaker {number}",
  pushUnable: "This browser cannot be notified. Try the phone’s own browser, or add this page to the home screen first.",
  pushRefused: "The browser was told not to notify. Press the sign beside the address, allow notifications, and try again.",
  pushFailed: "The browser’s maker did not answer. Please try again; the desk, mail and texts still call you.",
};

export type Word = keyof typeof english;

const spanish: Record<Word, string> = {
  saved: "guardado {time}",
  sending: "guardando",
  kept: "guardado en este teléfono; se envía solo cuando vuelva la conexión",
  keptSignedOut: "guardado en este teléfono; se envía solo cuando vuelva a entrar",
  keptOther: "ahora hay otra persona en este dispositivo; sus respuestas quedan guardadas aquí para usted",
  refused: "una respuesta no se pudo guardar; revísela, por favor, o díganoslo en el grupo",
  notItsDay:
    "una respuesta es de un día que no admite respuestas; queda guardada en este teléfono y su equipo no la ha visto. Dígaselo, por favor. Si está en peligro, llame a los números",
  notSaved: "todavía sin guardar; sus palabras siguen aquí, se intenta de nuevo",
  notSavedSignedOut: "sin guardar; copie sus palabras y vuelva a entrar",
  notLive: "Sin conexión en vivo. Nada desde hace {seconds} segundos; se intenta de nuevo. El teléfono sigue funcionando.",
  signedOut: "Sin conexión en vivo: su sesión terminó. Cargue la página para entrar.",
  held: "Algo cambió. Se mostrará cuando termine de escribir aquí.",
  soundOn: "Activar el sonido",
  soundWhy: "Esta página suena cuando una persona necesita a alguien. El navegador pide que pulse una vez.",
  lockSoon: "Esta página se bloquea en un minuto.",
  clearSoon: "Esta pantalla se borra en un minuto.",
  stay: "Seguir aquí",
  cleared: "Esta pantalla se borró. Si no empieza de nuevo en un momento, avise en la recepción.",
  copied: "copiado",
  next: "Siguiente",
  back: "Atrás",
  done: "Listo",
  question: "Pregunta {number} de {total}",
  cameraGood: "Le vemos.",
  cameraOff: "La cámara está apagada. Está bien: puede participar solo con sonido.",
  cameraRefused:
    "El navegador no permite usar la cámara. Pulse el signo junto a la dirección, elija Cámara, luego Permitir, e intente de nuevo. O siga sin ella.",
  cameraMissing: "No se encontró ninguna cámara. Puede seguir sin ella.",
  cameraBusy: "Otro programa usa la cámara. Ciérrelo e intente de nuevo, o siga sin ella.",
  microphoneWaiting: "Diga unas palabras.",
  microphoneGood: "Le oímos.",
  microphoneQuiet: "Todavía no oímos nada. Hable más alto o elija otro micrófono.",
  microphoneRefused:
    "El navegador no permite usar el micrófono. Pulse el signo junto a la dirección, elija Micrófono, luego Permitir, e intente de nuevo.",
  microphoneMissing: "No se encontró ningún micrófono. Conecte uno o use un teléfono, e intente de nuevo.",
  microphoneBusy: "Otro programa usa el micrófono. Ciérrelo e intente de nuevo.",
  insecure: "Este navegador no puede usar la cámara ni el micrófono en esta dirección. Abra la página por su dirección segura.",
  speakerAsk: "Pulse el botón: debería oír dos notas suaves.",
  speakerPlayed: "Sonaron dos notas. ¿No oyó nada? Suba el volumen o elija otro altavoz.",
  lineChecking: "Comprobando la conexión.",
  lineGood: "La conexión es buena.",
  lineSlow: "La conexión es lenta. Funciona, con menos imágenes y más pequeñas. Si el sonido se corta, elija pocos datos.",
  linePoor: "La conexión es demasiado débil para las imágenes. Participe con pocos datos: le oyen y usted oye.",
  lineNone: "No pudimos comunicarnos con la clínica. Use otra red, por ejemplo datos móviles en lugar del Wi-Fi, y pruebe de nuevo.",
  cameraNumber: "Cámara {number}",
  microphoneNumber: "Micrófono {number}",
  speakerNumber: "Altavoz {number}",
  pushUnable: "Este navegador no puede recibir avisos. Pruebe con el del teléfono o añada antes esta página a la pantalla de inicio.",
  pushRefused: "El navegador no tiene permiso para avisar. Pulse el signo junto a la dirección, permita los avisos e inténtelo otra vez.",
  pushFailed: "El fabricante del navegador no respondió. Inténtelo otra vez; el tablero, el correo y los mensajes le siguen llamando.",
};

export function inWords(language: string, word: Word, values: Record<string, string | number> = {}): string {
  const words = language.startsWith("es") ? spanish : english;
  return words[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** In the language of the page. */
export function say(word: Word, values: Record<string, string | number> = {}): string {
  return inWords(document.documentElement.lang, word, values);
}

/** The time as people say it, "6:02 pm", in the reader's own zone. */
export function timeOfDay(at: Date, language: string, timeZone?: string): string {
  const spoken = new Intl.DateTimeFormat(language.startsWith("es") ? "es-US" : "en-US", {
    hour: "numeric",
    minute: "2-digit",
    timeZone,
  }).format(at);
  return spoken.replace(/[\u202f\u00a0]/g, " ").replace("AM", "am").replace("PM", "pm");
}

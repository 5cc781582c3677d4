// Plays short sounds, which this script generates without sound files. A browser plays no sound before the person first
// clicks or presses a key.

const TUNES = { offer: [[784, 0], [1047, 0.16]], message: [[587, 0]] }; // [hertz, seconds from the start]
const LOUD = { offer: 0.2, message: 0.08 };
const RING = 0.3; // seconds until a note has faded
const READY = 1000; // ms to wait until a busy browser starts to play
const APART = 5000; // ms from any sound to the next message sound
let context = null;

export function startSounds() {
  const on = document.getElementById("sounds-on");
  on.checked = wanted();
  on.addEventListener("change", () => localStorage.setItem("sounds", on.checked ? "on" : "off"));
  addEventListener("storage", () => (on.checked = wanted()));
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, touched, { once: true });
}

// Plays a sound. All tabs together play at most one message sound in five seconds.
export async function play(name) {
  if (!wanted() || !("AudioContext" in window)) return;
  const last = Number(localStorage.getItem("sounded") ?? 0);
  if (name === "message" && Math.abs(Date.now() - last) < APART) return;
  if (!(await ready())) return;
  localStorage.setItem("sounded", Date.now());
  for (const [pitch, after] of TUNES[name]) note(pitch, context.currentTime + after, LOUD[name]);
}

function wanted() {
  return localStorage.getItem("sounds") !== "off";
}

function touched() {
  if (wanted() && "AudioContext" in window) ready();
}

// Whether the browser can play a sound now. If it cannot, the script drops the sound, because after the first click the
// sound would come too late.
async function ready() {
  context ??= new AudioContext();
  if (context.state !== "running") {
    await Promise.race([context.resume().catch(() => {}), new Promise((late) => setTimeout(late, READY))]);
  }
  return context.state === "running";
}

function note(pitch, at, loud) {
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loud, at + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.001, at + RING);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + RING);
}

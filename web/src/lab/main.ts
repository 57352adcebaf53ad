// The lab's page: which of its states is shown.
import { lab as connect, LabError, readFragment, type Session } from "./api";
import { openDevice } from "./device_page";
import { button, byId, say, toggle } from "./dom";
import { runsHere } from "./loading";
import { openRoom } from "./room";

const SECTIONS = ["opening", "notice", "hello", "result", "try", "ask", "running", "room"];

function show(state: string, sections: readonly string[], focus?: string): void {
  for (const id of SECTIONS) toggle(byId(id), sections.includes(id));
  document.body.dataset.state = state;
  if (focus !== undefined) {
    byId(focus).focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function notice(title: string, text: string, again?: () => void): void {
  say(byId("notice-title"), title);
  say(byId("notice-text"), text);
  const retry = button("notice-again");
  toggle(retry, again !== undefined);
  retry.onclick = again ?? null;
  show("notice", ["notice"], "notice-title");
}

const NO_TOKEN = "Scan the QR code on the screen again, or ask for the address. Each session of the lab has its own.";

function fail(error: unknown, again: () => void): void {
  if (error instanceof LabError && error.why === "token") notice("This address is not of this session", NO_TOKEN);
  else if (error instanceof LabError && error.why !== "refused") {
    notice("The lab does not answer", "Is this device in the same network as the lab? What you measured is kept.", again);
  } else {
    const said = error instanceof Error ? error.message : String(error);
    notice("That did not work", `${said}. What you measured is kept.`, again);
  }
}

async function open(): Promise<void> {
  const { token, view } = readFragment(location.hash);
  if (token === "") {
    notice("This address is not complete", NO_TOKEN);
    return;
  }
  show("opening", ["opening"]);
  const lab = connect(token);
  let session: Session;
  try {
    session = await lab.session();
  } catch (error) {
    fail(error, () => void open());
    return;
  }
  if (view === "room") {
    show("room", ["room"]);
    openRoom(lab);
  } else if (!runsHere()) {
    notice(
      "This browser is too old for it",
      "The model needs WebAssembly with SIMD: Chrome or Edge from 91, Firefox from 113, Safari from 16.4.",
    );
  } else openDevice({ session, lab, token, show, fail });
}

addEventListener("hashchange", () => { location.reload(); }); // another session's address in the same tab
void open();

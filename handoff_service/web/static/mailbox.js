// The demo's mailbox. It fetches the e-mails when the stream announces a new one.

const banner = document.getElementById("connection");

async function refresh() {
  try {
    const answer = await fetch("/mailbox/mails");
    if (!answer.ok) return;
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    document.getElementById("mails").replaceChildren(...template.content.querySelector("#mails").children);
  } catch {
    // The event hello of the next stream starts another attempt.
  }
}

function listen() {
  const source = new EventSource("/mailbox/events");
  source.addEventListener("hello", () => {
    banner.hidden = true;
    refresh();
  });
  source.addEventListener("mails", refresh);
  source.addEventListener("error", () => {
    banner.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

listen();

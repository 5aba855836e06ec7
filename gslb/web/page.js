// Shows /api/v1/status, again every two seconds. The token comes in the address (#token=…) or from
// the form, stays in this tab, and is taken out of the address at once.
"use strict";

const EVERY = 2000; // milliseconds
const byId = (id) => document.getElementById(id);
const since = (seconds) => (seconds ? new Date(seconds * 1000).toISOString().slice(0, 19) + "Z" : "–");

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(cells, tag = "td") {
  const made = document.createElement("tr");
  for (const [text, className] of cells) made.append(element(tag, text, className));
  return made;
}

function vipTable(vip) {
  const table = document.createElement("table");
  const titles = ["datacenter", "address", "verdict", "weight", "since", "last observation"];
  table.append(row(titles.map((title) => [title]), "th"));
  for (const [datacenter, pool] of Object.entries(vip.pools)) {
    for (const member of pool.members) {
      const verdict = member.verdict ?? "not probed";
      const weight = `${member.effective_weight ?? member.weight} of ${member.weight}`;
      table.append(row([
        [datacenter], [member.address], [verdict, verdict], [weight],
        [since(member.since)], [member.observation ?? ""],
      ]));
    }
  }
  return table;
}

function show(status) {
  const state = status.ready ? "answering" : "not answering yet";
  byId("node").textContent =
    `${status.node}: ${state} on ${status.dns.join(", ")}, revision ${status.revision}, ` +
    `as of ${since(status.now)}`;
  byId("alarms").replaceChildren(...status.alarms.map((alarm) =>
    element("p", `${alarm.key} since ${since(alarm.since)}: ${alarm.words}`, "alarm")));
  byId("vips").replaceChildren(...Object.entries(status.vips).flatMap(([name, vip]) =>
    [element("h2", name), vipTable(vip)]));
}

async function refresh() {
  const token = sessionStorage.getItem("token");
  byId("login").hidden = Boolean(token);
  if (!token) {
    byId("node").textContent = "a token is needed to look";
    return;
  }
  try {
    const reply = await fetch("/api/v1/status", { headers: { Authorization: `Bearer ${token}` } });
    if (reply.status === 401) sessionStorage.removeItem("token");
    if (!reply.ok) throw new Error((await reply.json()).title);
    show(await reply.json());
  } catch (error) {
    byId("node").textContent = `what is shown is old: ${error.message}`;
  }
}

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}
byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", byId("token").value.trim());
  refresh();
});
refresh();
setInterval(refresh, EVERY);

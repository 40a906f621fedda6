// One report in several tabs of the same browser: what one of them has saved, the others show, so that nobody clashes
// with themselves. A page may have been fetched before another tab saved and have come to life after it: it asks.

// `versions`: what each question of this page rests on. `hear` is given what another tab has saved: { key, mine, told }.
// Gives the function that tells the others of what was saved here.
export function join(submission, versions, hear) {
  const channel = new BroadcastChannel(`tertial:${submission}`);
  const news = new Map(); // the last of each question, in the order of saving
  channel.onmessage = ({ data }) => {
    if (!data.versions) return hear(data);
    for (const each of news.values()) if (isNewer(each, data.versions[each.key])) channel.postMessage(each);
  };
  channel.postMessage({ versions });
  return (one) => {
    news.delete(one.key);
    news.set(one.key, one);
    channel.postMessage(one);
  };
}

export function isNewer(one, version) {
  return one.told.version > Number(version);
}

#!/bin/sh
# Verifies a bundle of a whole ledger with b3sum, jq, openssl and coreutils. It is slow: every hash is a process of its own.
#
#     verify.sh BUNDLE KEY.pem        KEY.pem is the ledger's public key, as openssl writes it
#
# Files that came along are held against the digests that events name, reports against their receipts. Left to others: whether reports follow from
# the lines (dealbook verify asks them again), older checkpoints, witnesses and other keys (verify.py), by whom and when a time stamp was made (openssl ts -verify).
set -eu
bundle=$1 key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong() { echo "NOT VERIFIED: $*" >&2; exit 1; }
sha() { openssl dgst -sha256 -r | cut -c 1-64; }

# What stands above the last line is what it says, and nothing stands behind it.
head -n -1 "$bundle" > "$work/above"
tail -n 1 "$bundle" > "$work/end"
printf '{"type":"end","value":{"b3":"%s","lines":%s}}\n' "$(b3sum --no-names "$work/above")" "$(wc -l < "$work/above")" | cmp -s - "$work/end" ||
  wrong "something was changed"

# Each event holds the hash of the one before it; the tree grows beside, as the hashes of its complete parts and their levels.
grep '^{"actor":' "$bundle" > "$work/lines" || wrong "it has no events"
expected=0000000000000000000000000000000000000000000000000000000000000000
seq=0 peaks=
while IFS= read -r line; do
  seq=$((seq + 1))
  [ "$(printf %s "$line" | jq -r '"\(.seq) \(.prev)"')" = "$seq $expected" ] || wrong "event #$seq does not follow"
  expected=$(printf %s "$line" | b3sum --no-names)
  node=$( (printf '\000'; printf %s "$line") | sha) level=0
  while [ "${peaks%%:*}" = "$level" ]; do
    left=${peaks#*:} left=${left%% *} peaks=${peaks#* }
    node=$( (printf '\001'; printf %s "$left$node" | tr a-f A-F | basenc --base16 -d) | sha) level=$((level + 1))
  done
  peaks="$level:$node $peaks"
done < "$work/lines"
root=
for peak in $peaks; do
  left=${peak#*:}
  [ -z "$root" ] && root=$left || root=$( (printf '\001'; printf %s "$left$root" | tr a-f A-F | basenc --base16 -d) | sha)
done

# A file comes to its digest, which an event names.
files=0
for digest in $(jq -r 'select(.type == "file").value.digest' "$bundle" | uniq); do
  grep '"event":{"type":"source.imported",' "$work/lines" | grep -q "\"digest\":\"$digest\"" || wrong "no event names the file $digest"
  found=$(jq -r --arg digest "$digest" 'select(.type == "file" and .value.digest == $digest).value.b64' "$bundle" | base64 -d | b3sum --no-names)
  [ "$found" = "$digest" ] || wrong "a file is another one than $digest"
  files=$((files + 1))
done

# A receipt is called after what it says, and has the digest of its rows and the hash of the last event that it knows.
awk -v at="$work" '/^{"type":"report",/ { n++; print > (at "/receipt." n) } /^{"type":"answer",/ { print > (at "/rows." n) }' "$bundle"
reports=0
while [ -f "$work/receipt.$((reports + 1))" ]; do
  reports=$((reports + 1))
  sed -e 's/^{"type":"report","value":{"receipt"://' -e 's/,"schema":"[^"]*"}}$//' "$work/receipt.$reports" | tr -d '\n' > "$work/receipt"
  told=$(jq -r '"\(.id) \(.data) \(.size) \(.head) \(.totals.rows)"' "$work/receipt")
  touch "$work/rows.$reports"
  id=r:$(sed 's/"id":"r:[0-9a-f]*",//' "$work/receipt" | b3sum --no-names | cut -c 1-16)
  data=$( (printf '['; sed -e 's/^{"type":"answer","value"://' -e 's/}$//' "$work/rows.$reports" | paste -s -d , | tr -d '\n'; printf ']') | b3sum --no-names)
  size=$(jq -r .size "$work/receipt")
  head=0000000000000000000000000000000000000000000000000000000000000000
  [ "$size" = 0 ] || head=$(sed -n "${size}p" "$work/lines" | tr -d '\n' | b3sum --no-names)
  [ "$told" = "$id $data $size $head $(wc -l < "$work/rows.$reports")" ] || wrong "report $reports is not what its receipt says"
done
[ "$(head -n 1 "$bundle" | jq '.reports // [] | length')" = "$reports" ] || wrong "a report is missing"

# A time stamp is of the checkpoint before it: the digest of its three lines stands in it.
jq -r 'if .type == "checkpoint" then "note " + (.value.note | @base64) elif .type == "time_stamp" then "stamp " + .value.b64 else empty end' "$bundle" > "$work/stamped"
stamps=0 imprint=none
while read -r kind coded; do
  if [ "$kind" = note ]; then
    imprint=$(printf %s "$coded" | base64 -d | head -n 3 | sha)
  else
    printf %s "$coded" | base64 -d | basenc --base16 -w 0 | tr A-F a-f | grep -q "$imprint" || wrong "a time stamp is of something else"
    stamps=$((stamps + 1))
  fi
done < "$work/stamped"

# The newest checkpoint has that size and root, and the key has signed its three lines.
jq -rj 'select(.type == "checkpoint").value.note + "\u0000"' "$bundle" | tail -z -n 1 | tr -d '\000' > "$work/note"
head -n 3 "$work/note" > "$work/text"
origin=$(sed -n 1p "$work/text")
[ "$(sed -n 2p "$work/text")" = "$seq" ] || wrong "the newest checkpoint is not of #$seq: this is no bundle of a whole ledger"
[ "$(sed -n 3p "$work/text")" = "$(printf %s "$root" | tr a-f A-F | basenc --base16 -d | base64)" ] || wrong "the events do not come to the root"
openssl pkey -pubin -in "$key" -outform DER | tail -c 32 > "$work/public"
id=$( (printf '%s\n\001' "$origin"; cat "$work/public") | sha | cut -c 1-8)
sed -n '5,$p' "$work/note" | while read -r _ name coded; do
  printf %s "$coded" | base64 -d > "$work/coded"
  [ "$name $(head -c 4 "$work/coded" | basenc --base16 | tr A-F a-f)" = "$origin $id" ] || continue
  tail -c +5 "$work/coded" > "$work/signature"
done
[ -f "$work/signature" ] || wrong "that key has not signed it"
openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$work/text" -sigfile "$work/signature" > "$work/said" 2>&1 || wrong "the signature does not hold"
echo "VERIFIED: all $seq events of $origin; files that came along, equal: $files; reports as their receipts say: $reports; time stamps of its checkpoints: $stamps.
Not covered: by whom and when time stamps were made, whether it is so, and whether it is all."

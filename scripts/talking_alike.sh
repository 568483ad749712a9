#!/usr/bin/env bash
# Makes clips of talking people alike in size and codec, real and fake, before faces are cut out of them. See usage().
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/talking_alike.sh [--table] TALKING OUT

TALKING holds clips.csv with the columns path, label, method, group (the person), source, grade and face_px (the width of the
face in pixels), and the clips. Its fakes are cleaner and larger than its real clips, so a network would learn size and codec.
In OUT each clip is made three times, with faces of about 118, 88 and 150 pixels and at drawn qualities of H.264, both classes
by the same draws. OUT/clips.csv is their table for `seam extract --csv`, with each person in one split. The draws hang on
names alone, so the same command makes the same files, and goes on where it was stopped.

With --table no clip is made: OUT/clips.csv is a table of TALKING's own clips, with the same split of persons.
TEXT
}

table=
case "${1-}" in
  --help | -h) usage && exit 0 ;;
  --table) table=1 && shift ;;
esac
[[ $# -eq 2 ]] || { usage >&2; exit 2; }
[[ $table ]] || command -v ffmpeg >/dev/null || { echo 'error: there is no ffmpeg'$'\n''hint: run scripts/setup.sh' >&2; exit 1; }
talking=$(cd "$1" && pwd)
mkdir -p "$2"
cd "$2"
[[ $table ]] || mkdir -p real fake

# hash_of TEXT: the first 32 bits of its SHA-256, as a number.
hash_of() {
  local hex
  hex=$(printf '%s' "$1" | sha256sum)
  echo $((16#${hex:0:8}))
}

# draw LOW HIGH TEXT: a number from LOW to HIGH that hangs on the text alone.
draw() {
  awk -v low="$1" -v high="$2" -v hash="$(hash_of "$3")" 'BEGIN { printf "%.4f", low + (high - low) * hash / 4294967296 }'
}

# The rows without the header and without commas inside of fields.
rows() { sed -e 1d -e 's/"[^"]*"/quoted/g' "$talking/clips.csv"; }

# Prints PERSON SPLIT. Persons of one kind (the method of fakes of them, else the source of their clip) stand in the order of
# a hash; the first 58 % are in train, the last 15 % in test. Methods with one person are in val alone, as strangers.
splits() {
  rows |
    awk -F, '{ kind = $2 == "fake" ? $3 : "real " $5; if (!($4 in of) || $2 == "fake") of[$4] = kind }
             END { for (person in of) print person "\t" of[person] }' |
    while IFS=$'\t' read -r person kind; do
      printf '%s\t%010d\t%s\n' "$kind" "$(hash_of "seam/$person")" "$person"
    done | LC_ALL=C sort | awk -F'\t' '
      { kind[NR] = $1; person[NR] = $3; rank[NR] = count[$1]++ }
      END {
        for (i = 1; i <= NR; ++i) {
          place = (rank[i] + 0.5) / count[kind[i]]
          part = place < 0.58 ? "train" : place < 0.85 ? "val" : "test"
          if (kind[i] ~ /^(GHOST face swap|SadTalker|SadTalker-Video-Lip-Sync|StyleTalk)$/) part = "val"
          print person[i], part
        }
      }'
}

splits >people.txt
echo path,label,split,group,method >clips.csv.made
while IFS=, read -r path label method person source _ width _; do
  part=$(awk -v person="$person" '$1 == person { print $2 }' people.txt)
  if [[ $table ]]; then
    echo "$path,$label,$part,$person,${method:-$source}" >>clips.csv.made
    continue
  fi
  while read -r copy low high best worst; do
    name=$label/$(basename "${path%.*}")_v$copy.mp4
    echo "$name,$label,$part,$person,${method:-$source}" >>clips.csv.made
    [[ -e $name ]] && continue
    crf=$(printf '%.0f' "$(draw "$best" "$worst" "$path/$copy/c")")
    # Never enlarged by more than 1.15.
    factor=$(awk -v side="$(draw "$low" "$high" "$path/$copy/t")" -v width="$width" \
      'BEGIN { factor = side / width; printf "%.4f", (factor > 1.15 ? 1.15 : factor) }')
    ffmpeg -v error -nostdin -y -threads 1 -i "$talking/$path" -an -t 2.2 \
      -vf "fps=10,scale=trunc(iw*$factor/2)*2:trunc(ih*$factor/2)*2:flags=area,format=yuv420p" \
      -c:v libx264 -preset veryfast -threads 1 -crf "$crf" made.mp4
    mv made.mp4 "$name"
  done <<'COPIES'
1 103.84 132.16 18 28
2 77.44 98.56 24 36
3 132 168 20 30
COPIES
done < <(rows)
mv clips.csv.made clips.csv

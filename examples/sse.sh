#!/bin/sh
# Trades and prices on the terminal, with nothing but curl: examples/sse.sh [channels] [address]
#
# An event is three lines: `event:` is its type, `data:` its JSON, `id:` (once a second) the place of all channels.
# When the stream ends, at the latest after some minutes, it is asked for again from the last place: nothing is missed.
# What a client has to drop is the overlap: updates whose seq it has seen already.

channels=${1:-trade.SOLUSDT,ticker.SOLUSDT}
address=${2:-http://127.0.0.1:8000}
place=$(mktemp)
trap 'rm -f "$place"' EXIT
trap 'exit 130' INT TERM

while :; do
    curl --silent --show-error --no-buffer --fail --max-time 900 \
        --header "Last-Event-ID: $(cat "$place")" "$address/live/v1/sse?ch=$channels" |
        while IFS= read -r line; do
            case $line in
                id:*) printf %s "${line#id: }" >"$place" ;;
                data:*) printf '%s\n' "${line#data: }" ;;
            esac
        done
    sleep "$(awk "BEGIN { srand($$); print 1 + 4 * rand() }")" # a thousand of us must not come back in the same moment
done

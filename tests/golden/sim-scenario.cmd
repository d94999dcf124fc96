. tests/golden/session.sh
migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1 >/dev/null 2>&1
cat >"$DIR/mishaps" <<'END'
# what, and when
fault nvmlGpuInstanceDestroy#1=IN_USE   # at once
settle 5
at 5ms latency published
at 10ms lost 0
reset 0
at 20ms latency none
END
t migctl sim scenario n "$DIR/mishaps"
t migctl sim fault n
printf 'at 2s reboot\nat 1s reboot\n' >"$DIR/late"
t migctl sim scenario n "$DIR/late"
printf 'reboot\n\nexplode 1\n' >"$DIR/strange"
t migctl sim scenario n "$DIR/strange"
printf 'at 1ms\n' >"$DIR/empty"
t migctl sim scenario n "$DIR/empty"
printf 'fault nvmlInit=BROKEN\n' >"$DIR/wrong"
t migctl sim scenario n "$DIR/wrong"
t migctl sim scenario n "$DIR/absent"
printf 'lost 7\n' >"$DIR/beyond"
t migctl sim scenario n "$DIR/beyond"
# Numbers are bounded as they are for the verbs of these names.
printf 'settle 60001\n' >"$DIR/long"
t migctl sim scenario n "$DIR/long"
printf 'xid 0 65536\n' >"$DIR/code"
t migctl sim scenario n "$DIR/code"
printf 'lost 0\000\nreset 0\n' >"$DIR/nul"
t migctl sim scenario n "$DIR/nul"

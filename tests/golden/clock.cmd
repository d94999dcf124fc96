. tests/golden/session.sh
# The wall clock jumps by years at every look at it. What was first and what came last is told by
# numbers, how long to wait by the clock that runs since boot: nothing comes out differently.
jumping() { t env LD_PRELOAD="$BUILD/obj/tests/libjumping_clock.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" "$@" |
	sed "s|^\\\$ env .*order=0'* |\$ |"; }
jumping date -u +%Y
jumping migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
jumping migctl --sim n enable 0
jumping migctl --sim n create 3g.40gb@4 --name team/llm
jumping migctl --sim n create 1g.10gb@0 1g.10gb@1
jumping migctl --sim n undo
jumping migctl --sim n undo
jumping migctl --sim n status
jumping migctl --sim n undo
t migctl --sim n status
# A change that is cut short in one century is ended in another.
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
jumping migctl --sim n create 2g.20gb@2
jumping migctl --sim n recover
jumping migctl --sim n save
t migctl sim reboot n
jumping migctl --sim n restore
t migctl --sim n resolve team/llm
# Somebody holds it: how long is waited does not hang on the calendar.
hold n 0/2/0 <<'HELD'
jumping() { t env LD_PRELOAD="$BUILD/obj/tests/libjumping_clock.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" "$@" |
	sed "s|^\\\$ env .*order=0'* |\$ |"; }
jumping migctl --sim n destroy team/llm
HELD

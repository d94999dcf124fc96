. tests/golden/session.sh
# Without a standard stream nothing is printed into the machine's file instead.
t migctl sim new n --gpus 1xA30 --seed 1
t sh -c 'exec migctl --sim n status >&-'
t sh -c 'exec migctl --sim n status --json <&- >&-'
t sh -c "exec migctl sim tenant n --device 0 -- sh -c 'echo lost 2>/dev/null || echo it failed >&2' >&-"
t sh -c 'exec migctl --sim n enable <&- >&- 2>&-'
t sh -c 'exec migctl --sim n status >/dev/full'
# That it differs is an answer, too: lost, it is none.
t sh -c 'exec migctl --sim n diff -f examples/partitions.yaml -c all-enabled >/dev/full'
t sh -c 'exec migctl --sim n assert -f examples/partitions.yaml -c all-enabled >&-'
t migctl --sim n status

. tests/golden/session.sh
# Without a standard stream nothing is printed into the machine's file instead.
t migctl sim new n --gpus 1xA30 --seed 1
t sh -c 'exec migctl --sim n status >&-'
t sh -c 'exec migctl --sim n status --json <&- >&-'
t sh -c "exec migctl sim tenant n --device 0 -- sh -c 'echo lost 2>/dev/null || echo it failed >&2' >&-"
t sh -c 'exec migctl --sim n enable <&- >&- 2>&-'
t sh -c 'exec migctl --sim n status >/dev/full'
t migctl --sim n status

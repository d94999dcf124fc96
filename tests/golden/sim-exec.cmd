# expects 125
. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable
t migctl --sim n create 3g.40gb 1g.10gb
# The command's own status, and ours above 124.
t migctl sim exec n -- true
t migctl sim exec n -- sh -c 'exit 7'
t migctl sim exec n -- no-such-program
t migctl sim exec n -- /etc/passwd
t migctl sim exec n -- ''
t migctl sim exec nowhere -- true
t migctl sim tenant n --device 0/2/0 -- sh -c 'exit 7'
t migctl sim tenant n -- true
t migctl sim tenant n --device 0/9/0 -- true
t migctl sim tenant n --device 0 -- true
t migctl sim tenant n --device 4 -- true
t migctl sim tenant n --device 0/2/0 --memory lots -- true
t migctl sim tenant n --device 0/2/0 --memory 50GiB -- true
t migctl sim tenant nowhere --device 0 -- true
hold n 0/2/0 <<'EOF'
t migctl --sim n status
t migctl sim list
EOF
t migctl sim list
migctl sim exec nowhere -- true

. tests/golden/session.sh
# How busy a tenant is: a share of its device, or a refusal that says what is wanted.
migctl sim new node --gpus 1xH100-SXM5-80GB --seed 3 >"$DIR/new" 2>&1
t migctl sim tenant node --device 0 --sm 80% --dram 60 -- echo held
t migctl sim tenant node --device 0 --sm 101% -- echo held
t migctl sim tenant node --device 0 --dram much -- echo held
t migctl sim tenant node --device 0 --sm 80%% -- echo held
t migctl sim tenant node --device 0 --sm -- echo held
t migctl --sim node status

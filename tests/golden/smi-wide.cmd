# The tables of the drivers since R570.
. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-40GB,1xRTX-PRO-6000-Blackwell --assume --seed 1
t migctl --sim n smi --format 570 -mig 1
t migctl --sim n smi --format 570 mig -i 0 -cgi 5,14,19
t migctl --sim n smi --format 570 mig -i 0 -cci 0 -gi 5
t migctl --sim n smi --format 570 mig -i 0 -cci 0 -gi 5
t migctl --sim n smi --format=570 mig -lgip
t migctl --sim n smi --format 570 mig -lgi
t migctl --sim n smi --format 570 mig -lci
t migctl --sim n smi --format 570 mig -lcip -gi 5
t sh -c 'migctl --sim n smi --format 570 | sed -n "/MIG devices/,/^ *$/p"'
t migctl --sim n smi --format 570 -L

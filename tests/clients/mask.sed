# What nvidia-smi prints, less what follows from which library it ran on: ids and places of
# GPU instances, free counts, UUIDs, memory, dates. Words, layout, order, profiles and
# exit statuses stay, and with them every width.
s/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}/DATE/
s/(NVIDIA-SMI) [0-9.]+/\1 VERSION/
s/(GPU|MIG)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/\1-UUID/
s/GPU instance ID +[0-9]+/GPU instance ID ##/

# -lgi: instance, start
s/^(\| +[0-9]+  MIG [^ ]+ +[0-9]+)( {7}[0-9]{2}| {8}[0-9]) {10}[0-9]:/\1 ## #:/
# -lgip: free; memory
s/^(\| +[0-9]+  MIG [^ ]+ +[0-9]+ +)[0-9]+(\/[0-9]+ +)[0-9]{1,3}\.[0-9]{2}/\1#\2#.##/
# -lci, -lcip: GPU instance
s/^(\| +[0-9]+)( {5}[0-9]{2}| {6}[0-9])( +MIG )/\1 ##\3/
# -lcipp: GPU instance; starts (one is a "Placement :", several are "Placements:")
s/^(GPU +[0-9]+ GI) +[0-9]+ (.*) Placement(s:| :) \{[0-9,]+\}/\1 ## \2 Placement(s) {#}/
# -L: the name of a MIG device, padded
s/^(  MIG )([0-9]c\.)?([^ ]+) +Device +[0-9]+/\1\3 Device #/

# No arguments: GPU instance and index of a MIG device; memory in use; BAR1
s/^(\|  [0-9])( {3}[0-9]{2}| {4}[0-9])(   [0-9])   [0-9]  \|/\1 ##\3 #  |/
s/ +[0-9]+(MiB \/ +[0-9]+MiB)/ #\1/
s/^(\| {18}\|) #MiB \/ +[0-9]+MiB +\|/\1 BAR1 |/
# ... and fan, temperature, power and load
s/^\| N\/A [^|]*\|/| N\/A ... |/
s/ +(N\/A|[0-9]+%)      (Default \|)/ #      \2/

# Time and memory of the planner over the size of its problem, from bench/plan.sh's figures
# in dir: services and gpus, lines of "SIZE SECONDS MIB". Dashes and marks tell the curves
# apart without their colours, which are Okabe and Ito's.
set terminal svg size 760,360 dynamic font "sans-serif,12" background rgb "white"
set output "build/growth.svg"
set multiplot layout 1,2
set logscale xy
set format x "10^{%T}"
set xrange [700:1.5e6]
set grid lc rgb "#dddddd"
set key bottom right
set xlabel "services, or GPUs with instances"
set style line 1 lw 2 lc rgb "#0072b2" pt 7 ps 0.5
set style line 2 lw 2 lc rgb "#d55e00" dt 2 pt 5 ps 0.5
set title "time of mig\\_plan\\_solve(), s"
plot dir."/services" using 1:2 with linespoints ls 1 title "services to place", \
     dir."/gpus" using 1:2 with linespoints ls 2 title "GPUs to compact"
set title "memory of the process, MiB"
plot dir."/services" using 1:3 with linespoints ls 1 title "services to place", \
     dir."/gpus" using 1:3 with linespoints ls 2 title "GPUs to compact"

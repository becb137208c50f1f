# The picture of a benchmark; plot.py writes the data, and sets `directory` and `picture`.
set terminal svg size 1000,820 font 'sans-serif,13' noenhanced background '#ffffff'
set output picture
set style fill solid 1 noborder
set border 3
set tics nomirror out
set grid ytics lc '#dddddd'
set multiplot

set title 'Instructions that a preload library adds to a call (log scale; no bar: none)'
set origin 0, 0.46
set size 1, 0.54
set style data histograms
set style histogram clustered gap 1
set boxwidth 0.9
set logscale y
set yrange [0.5:*]
set key top left horizontal
set xtics rotate by -25
plot for [i = 2:5] directory . '/calls' using i:xtic(1) title columnheader(i)

unset logscale y
unset key
set style data boxes
set boxwidth 0.6
set xtics rotate by -25
set yrange [0:*]
set xrange [-0.6:3.6]
colour(i) = i == 1 ? 0x1b9e77 : i == 3 ? 0xd95f02 : 0x999999
array titles[4] = ['Delivered per second, thousands', 'Processor seconds per million', \
	'Latency, median, µs', 'Latency, 99th percentile, µs']
do for [i = 1:4] {
	set origin 0.25 * (i - 1), 0
	set size 0.25, 0.43
	set title titles[i]
	plot directory . '/streams' every ::1 using 0:(column(i + 1) / (i == 1 ? 1000 : 1)):(colour($0)):xtic(1) \
		lc rgb variable
}
unset multiplot

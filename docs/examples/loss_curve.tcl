# Prints losses as a curve of characters, from left to right, with a logarithmic axis. Of more than `width` of them every
# second one is left out, or more.
proc lossCurve {losses {height 8} {width 60} {what epochs}} {
    set step [expr {([llength $losses] + $width - 1) / $width}]
    set levels {}
    for {set i 0} {$i < [llength $losses]} {incr i $step} {
        lappend levels [expr {log10(max([lindex $losses $i], 1e-6))}]
    }
    set lowest [tcl::mathfunc::min {*}$levels]
    set unit [expr {max([tcl::mathfunc::max {*}$levels] - $lowest, 1e-6) / ($height - 1)}]
    for {set row [expr {$height - 1}]} {$row >= 0} {incr row -1} {
        set marks [lmap level $levels {expr {round(($level - $lowest) / $unit) == $row ? "*" : " "}}]
        puts [string trimright [format "%9.5f |%s" [expr {10 ** ($lowest + $row * $unit)}] [join $marks ""]]]
    }
    puts "          +[string repeat - [llength $levels]] [llength $losses] $what"
}

# Ranks that die, come late or leave: runs lost.tcl on several ranks, case by case, and looks at what the others report, how
# long everything took and whether a process is left.
#
#     tclsh failures.tcl MPIRUN RANKS CASE ?OPTION ...?     options of mpirun
source [file join [file dirname [info script]] launch.tcl]

set options [lassign $argv mpirun ranks case]
set here [file dirname [file normalize [info script]]]
set begin [clock milliseconds]
set outcome [launch $mpirun $ranks [file join $here lost.tcl] $case $options]
set elapsed [expr {([clock milliseconds] - $begin) / 1000.0}]
set folder [dict get $outcome folder]
set last [expr {$ranks - 1}]
set dies [string match killed* $case]

set problems {}
set checks 0
for {set rank 0} {$rank < $ranks} {incr rank} {
    # The rank that gets lost has nothing to say where it dies, or does not come at all.
    set silent [expr {$rank == $last && ($dies || $case eq "absent")}]
    set report [reportOf $outcome $rank]
    if {$silent} {
        if {$report ne {}} {lappend problems "rank $rank lived: $report"}
    } elseif {![regexp {(\d+) passed, (\d+) failed\n$} $report -> passed failed] || $passed == 0 || $failed} {
        lappend problems "rank $rank: [expr {$report eq {} ? {no report} : $report}]"
    } else {
        incr checks $passed
    }
}

# Starting takes some seconds on a busy machine; nothing may wait for the default timeout of 300 s.
if {$elapsed > 60} {lappend problems "it took $elapsed s"}
after 500
foreach path [glob -nocomplain [file join $folder pid*]] {
    set channel [open $path]
    set pid [string trim [read $channel]]
    close $channel
    if {[file exists /proc/$pid/exe] && ![catch {file readlink /proc/$pid/exe} exe] && [string match *tclsh* $exe]} {
        lappend problems "[file tail $path]: process $pid is left"
    }
}
if {[llength $problems]} {
    puts [dict get $outcome output]
    puts [join $problems \n]
}
cleanUp $outcome
puts "failures, $case, $ranks ranks: $checks checks in [format %.1f $elapsed] s[expr {[llength $problems] ? {, FAILED} : {}}]"
exit [expr {[llength $problems] > 0}]

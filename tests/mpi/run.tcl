# Runs a script on several ranks and judges what they report:
#
#     tclsh run.tcl MPIRUN RANKS SCRIPT ?ARGUMENT ...?
#
# MPIRUN is openmpi's or mpich's. Each rank writes its report into a folder that is handed to it (see ranks.tcl); the test
# has passed when every rank has checked something, nothing of it failed, and the launcher is content.
source [file join [file dirname [info script]] launch.tcl]

set arguments [lassign $argv mpirun ranks script]
set here [file dirname [file normalize [info script]]]
set outcome [launch $mpirun $ranks [file join $here $script] $arguments]
puts -nonewline [dict get $outcome output]

set good 1
set checks 0
for {set rank 0} {$rank < $ranks} {incr rank} {
    set report [reportOf $outcome $rank]
    if {![regexp {(\d+) passed, (\d+) failed\n$} $report -> passed failed] || $passed == 0 || $failed} {
        set good 0
        puts "rank $rank: [expr {$report eq {} ? {no report} : $report}]"
    } else {
        incr checks $passed
    }
}
if {[dict get $outcome code]} {
    set good 0
    puts "the launcher's exit code: [dict get $outcome code]"
}
cleanUp $outcome
puts "[file rootname $script], $ranks ranks: $checks checks[expr {$good ? {} : {, FAILED}}]"
exit [expr {!$good}]

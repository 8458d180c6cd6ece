# A rank that dies and a rank that is late, judged from outside:
#
#     tclsh lost_ranks.tcl MPIRUN RANKS
#
# Open MPI's --enable-recovery lets the others live on when a rank dies by a signal.
source [file join [file dirname [info script]] launch.tcl]
lassign $argv mpirun ranks
set here [file dirname [file normalize [info script]]]
set problems {}

# Processes that were started with the folder among their arguments and are still there.
proc remaining {folder} {
    set found {}
    foreach file [glob -nocomplain /proc/\[0-9\]*/cmdline] {
        if {[catch {open $file} channel]} continue
        if {![catch {read $channel} words] && [string first $folder $words] >= 0} {lappend found [file tail [file dirname $file]]}
        catch {close $channel}
    }
    return $found
}

foreach how {killed late} {
    set outcome [launch $mpirun $ranks [file join $here lost_rank.tcl] $how {--enable-recovery}]
    for {set rank 0} {$rank < $ranks} {incr rank} {
        if {$how eq "killed" && $rank == 1} continue
        set report [reportOf $outcome $rank]
        if {![regexp {(\d+) passed, 0 failed\n$} $report]} {lappend problems "$how, rank $rank: [expr {$report eq {} ? {no report} : $report}]"}
    }
    set left [remaining [dict get $outcome folder]]
    if {$left ne {}} {lappend problems "$how: processes $left are left"}
    cleanUp $outcome
}
puts "lost ranks, $ranks ranks: [expr {$problems eq {} ? {passed} : [join $problems \n]}]"
exit [expr {$problems ne {}}]

# Starts ranks under mpirun, for scripts that run without them.

# A dict: output of the launcher and of all ranks, its exit code, and the folder with the reports of the ranks, each
# named after its rank. The script gets the folder as its first argument. WICK_PRELOAD names libraries to be loaded before
# each rank's tclsh, such as a sanitizer's.
proc launch {mpirun ranks script arguments {options {}}} {
    set folder [exec mktemp -d]
    set preload [expr {[info exists ::env(WICK_PRELOAD)] ? [list env LD_PRELOAD=$::env(WICK_PRELOAD)] : {}}]
    set command [list $mpirun -n $ranks {*}[implementationOptions $mpirun] {*}$options {*}$preload [info nameofexecutable] \
        $script $folder {*}$arguments]
    set code 0
    if {[catch {exec {*}$command 2>@1} output details]} {
        set code [expr {[lindex [dict get $details -errorcode] 0] eq "CHILDSTATUS" ? [lindex [dict get $details -errorcode] 2] : -1}]
    }
    if {$output ne {}} {append output \n}
    dict create output $output code $code folder $folder
}

# More ranks than processors are an error for Open MPI unless it is told that this is meant.
proc implementationOptions {mpirun} {
    expr {[isMpich $mpirun] ? {} : {--oversubscribe}}
}
proc isMpich {mpirun} {
    string match *HYDRA* [exec $mpirun --version]
}

proc reportOf {outcome rank} {
    set path [file join [dict get $outcome folder] $rank]
    if {![file exists $path]} {return {}}
    set channel [open $path]
    set report [read $channel]
    close $channel
    return $report
}

proc cleanUp {outcome} {
    file delete -force [dict get $outcome folder]
}

# The example docs/examples/gather_iris.tcl prints the same under any number of ranks:
#
#     tclsh iris.tcl EXPECTED ?MPIRUN RANKS?     alone without a launcher
source [file join [file dirname [info script]] launch.tcl]

lassign $argv expected mpirun ranks
set example [file join [file dirname [info script]] .. .. docs examples gather_iris.tcl]
set command [list [info nameofexecutable] $example]
if {$mpirun ne {}} {set command [list $mpirun -n $ranks {*}[implementationOptions $mpirun] {*}$command]}

set channel [open $expected]
set wanted [read $channel]
close $channel
set pipe [open |$command]
fconfigure $pipe -translation lf
set printed [read $pipe]
close $pipe
if {$printed ne $wanted} {
    puts "printed:\n$printed\ninstead of:\n$wanted"
    exit 1
}
puts "the table is as expected"

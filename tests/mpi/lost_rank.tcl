# Rank 1 dies or sleeps in the middle of gathers; every other rank must get an error within the timeout and go on.
#
# Arguments: the folder for reports, killed or late.
source [file join [file dirname [info script]] ranks.tcl]
set how [lindex $argv 1]
torch::distributed_init -backend mpi -timeout 2
set x [torch::full {4} $rank]
for {set i 0} {$i < 200} {incr i} {torch::distributed_gather $x}

if {$rank == 1} {
    if {$how eq "killed"} {exec kill -KILL [pid]}
    after 5000
}
set begin [clock milliseconds]
catch {while 1 {torch::distributed_gather $x}} message
set seconds [expr {([clock milliseconds] - $begin) / 1000.0}]
set pattern [expr {$rank == 1 ? "distributed_gather: no answer within 2 s*" : "distributed_gather: no answer within 2 s from rank 1,*"}]
note "the error" [string match $pattern $message] "got <$message>"
note "it came in time" [expr {$seconds < 4}] "after $seconds s"
expectError "the group is unusable" {torch::distributed_gather $x} "*cannot be used any more*"
expectError "so are its other collectives" {torch::distributed_barrier} "*cannot be used any more*"
expectText "the interpreter goes on" [torch::tensor_to_list [torch::tensor_add $x $x]] [lrepeat 4 [expr {2.0 * $rank}]]
report
exit 0

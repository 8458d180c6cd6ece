# Sends and receives, blocking and not, in a world of several ranks: rank r sends to its right neighbour, and so on.
source [file join [file dirname [info script]] ranks.tcl]

set right [expr {($rank + 1) % $size}]
set left [expr {($rank + $size - 1) % $size}]

# Every dtype and shape, below and above the size up to which values travel with the header.
set shapes {5 {2 3} 0 {3 0 2} {1 2 1 2 1 1 2 1 3} {8 64} {513 2} {40 50}}
foreach dtype $dtypes {
    foreach shape $shapes {
        set what "{$shape} $dtype"
        set request [torch::distributed_isend [contribution $rank $shape $dtype] $right 3]
        expect "recv $what" [torch::distributed_recv $shape $left 3] [contribution $left $shape $dtype]
        expectText "wait for isend $what" [torch::distributed_wait $request] send_completed

        set request [torch::distributedIrecv -tag 5 -shape $shape -src $left]
        set strided [torch::tensor_permute [contribution $rank {3 2} $dtype] {1 0}]
        torch::distributed_isend $strided $right 6
        expectText "send $what" [torch::distributedSend -tag 5 -dst $right -tensor [contribution $rank $shape $dtype]] send_completed
        expect "wait for irecv $what" [torch::distributed_wait $request] [contribution $left $shape $dtype]
        expect "wait again $what" [torch::distributed_wait $request] [contribution $left $shape $dtype]
        expectText "test afterwards $what" [torch::distributed_test $request] true
        expect "recv of a strided tensor, $what" [torch::distributed_recv {2 3} $left 6] \
            [torch::tensor_permute [contribution $left {3 2} $dtype] {1 0}]
    }
}
expect "a number" [torch::distributed_isend [torch::tensor_reshape [torch::tensor_create $rank] {}] $right
    torch::distributed_recv 1 $left] [torch::tensor_create $left]
expect "another shape of as many elements" [torch::distributed_isend [contribution $rank {6 4} int32] $right
    torch::distributed_recv {2 3 4} $left] [torch::tensor_reshape [contribution $left {6 4} int32] {2 3 4}]

# The values are those at the time of the call, and messages of one tag arrive in order, whatever their sizes.
foreach sizes {{1 1 1 1 1 1} {3000 2 3000 2 5000 1}} {
    set n 0
    foreach count $sizes {
        set x [torch::full $count [expr {10 * $rank + $n}]]
        torch::distributed_isend $x $right 1
        torch::distributed_isend $x $right 2
        incr n
    }
    # Tag 2 first, the other way round than it was sent.
    foreach tag {2 1} {
        set n 0
        foreach count $sizes {
            expect "message $n of tag $tag" [torch::distributed_recv $count $left $tag] [torch::full $count [expr {10 * $left + $n}]]
            incr n
        }
    }
}

# Receives posted before anything is sent are filled in the order of posting, whichever is waited for first.
foreach counts {{4 5 6} {4000 5 6000}} {
    set requests [lmap count $counts {torch::distributed_irecv $count $left 9}]
    expectText "handles are numbered" [lmap r $requests {regexp {^irecv_handle_\d+$} $r}] {1 1 1}
    torch::distributed_barrier
    set n 0
    foreach count $counts {torch::distributed_isend [torch::full $count [incr n]] $right 9}
    foreach i {2 0 1} {
        expect "posted receive $i" [torch::distributed_wait [lindex $requests $i]] \
            [torch::full [lindex $counts $i] [expr {$i + 1}]]
    }
}

# From any rank: rank 0 receives one message of everybody, itself included, of one tag.
foreach count {3 3000} {
    set request [torch::distributed_isend [torch::full $count $rank int64] 0 11]
    if {$rank == 0} {
        set origins {}
        for {set i 0} {$i < $size} {incr i} {
            set message [torch::distributed_recv $count -1 11]
            lappend origins [lindex [torch::tensor_to_list $message] end]
        }
        set expected {}
        for {set r 0} {$r < $size} {incr r} {lappend expected $r}
        expectText "one message of each rank" [lsort -integer $origins] $expected
    }
    torch::distributed_wait $request
    torch::distributed_barrier
}

# A receive from any rank that was posted earlier comes before one from that very rank, and their values are not mixed up.
foreach count {3 3000} {
    set any [torch::distributed_irecv $count -1 12]
    set given [torch::distributed_irecv $count $left 12]
    torch::distributed_barrier
    torch::distributed_isend [torch::full $count 1] $right 12
    torch::distributed_isend [torch::full $count 2] $right 12
    expect "the later receive" [torch::distributed_wait $given] [torch::full $count 2]
    expect "the earlier receive" [torch::distributed_wait $any] [torch::full $count 1]
}

# To oneself.
foreach count {10 100000} {
    expectText "send to oneself" [torch::distributed_send [torch::full $count 7] $rank 4] send_completed
    set request [torch::distributed_isend [torch::full $count 8] $rank 4]
    expect "recv from oneself" [torch::distributed_recv $count $rank 4] [torch::full $count 7]
    expect "a second one" [torch::distributed_recv $count $rank 4] [torch::full $count 8]
    expectText "isend to oneself" [torch::distributed_wait $request] send_completed
}

# distributed_test does not wait.
set request [torch::distributed_irecv 4000 $left 20]
expectText "nothing has come" [torch::distributed_test $request] false
torch::distributed_barrier
set send [torch::distributed_isend [torch::full 4000 $rank] $right 20]
set begin [clock seconds]
while {[torch::distributed_test $request] eq "false" && [clock seconds] - $begin < 30} {}
expectText "it has come" [torch::distributed_test -handle $request] true
expect "what came" [torch::distributed_wait -handle $request] [torch::full 4000 $left]
torch::distributed_wait $send

# Handles of sends under way are unique. One large message waits for its receiver, which comes after the barrier; many small
# pieces may all be on their way before.
if {$size > 1} {
    set big [torch::zeros 200000]
    set first [torch::distributed_isend $big $right 30]
    set second [torch::distributed_isend $big $right 30]
    expectText "the first handle" $first isend_handle_dst${right}_tag30
    if {![info exists env(WICK_MPI_PIECE)]} {expectText "the second handle" $second isend_handle_dst${right}_tag30_1}
    torch::distributed_barrier
    torch::distributed_recv 200000 $left 30
    torch::distributed_recv 200000 $left 30
    expectText "the first is complete" [torch::distributed_wait $first] send_completed
    expectText "the second is complete" [torch::distributed_wait $second] send_completed
    expectText "the name is free again" [torch::distributed_isend $big $right 30] isend_handle_dst${right}_tag30
    torch::distributed_recv 200000 $left 30
}

# A receive that was posted goes on while the rank waits in a collective: its sender may come to that only afterwards.
set request [torch::distributed_irecv 500000 $left 40]
if {$rank % 2 && $rank < $size} {
    torch::distributed_send [torch::full 500000 $rank] $right 40
    torch::distributed_barrier
} else {
    set send [torch::distributed_isend [torch::full 500000 $rank] $right 40]
    torch::distributed_barrier
    torch::distributed_wait $send
}
expect "received meanwhile" [torch::distributed_wait $request] [torch::full 500000 $left]

# Large ones.
set count 3000000
set send [torch::distributed_isend [torch::arange [expr {$rank}] [expr {$count + $rank}] 1 int32] $right 50]
expect "twelve megabytes" [torch::distributed_recv $count $left 50] [torch::arange $left [expr {$count + $left}] 1 int32]
torch::distributed_wait $send

# Mistakes.
set x [torch::ones 3]
expectError "dst is no rank" {torch::distributed_send $x $size} \
    "distributed_send: dst $size is no rank of this world of $size"
expectError "src is no rank" {torch::distributed_recv 3 $size} "distributed_recv: src $size is no rank of this world of $size"
expectError "src below -1" {torch::distributed_recv 3 -2} "Required parameters missing: -src *"
expectError "dst below 0" {torch::distributed_send $x -1} "Required parameters missing: -dst *"
expectError "dst beyond 32 bits" {torch::distributed_send $x 4294967297} \
    "distributed_send: dst 4294967297 is no rank of this world of $size"
expectError "src beyond 32 bits" {torch::distributed_irecv 3 4294967296} \
    "distributed_recv: src 4294967296 is no rank of this world of $size"
foreach tag {3000000000 4000000000 4294967296 9223372036854775807} {
    foreach call {{distributed_send $x $right} {distributed_isend $x $right} {distributed_recv 3 $left} {distributed_irecv 3 $left}} {
        expectError "tag $tag" "torch::$call $tag" "distributed_*: tag must be from 0 to *, $tag was given"
    }
}
expectError "a tag below 0" {torch::distributed_send $x $right -1} "distributed_send: tag must be from 0 to *"
expectError "no dimension" {torch::distributed_recv {} $left} "Required parameters missing: -shape *"
torch::distributed_isend $x $right 60
expectError "not as many elements" {torch::distributed_recv 4 $left 60} \
    "distributed_recv: the message of rank $left has shape {3}, which does not fill shape {4}"
torch::distributed_isend $x $right 60
expect "the next message" [torch::distributed_recv 3 $left 60] $x
expectError "nobody sends" {torch::distributed_recv -shape 3 -src $left -tag 61 -timeout 0.3} \
    "distributed_recv: no answer within 0.3 s from rank $left, which sent nothing with tag 61"
expectError "nobody at all sends" {torch::distributed_recv -shape 3 -src -1 -tag 61 -timeout 0.3} \
    "distributed_recv: no answer within 0.3 s from any rank, which sent nothing with tag 61"
set request [torch::distributed_irecv -shape 3 -src $left -tag 61 -timeout 0.3]
expectError "nor later" {torch::distributed_wait $request} "distributed_recv: no answer within 0.3 s*"
expectError "the same when waited for again" {torch::distributed_wait $request} "distributed_recv: no answer within 0.3 s*"
expectText "a failed receive has ended" [torch::distributed_test $request] true
if {$size > 1} {
    set request [torch::distributed_isend -tensor $big -dst $right -tag 62 -timeout 0.3]
    expectError "nobody receives" {torch::distributed_wait $request} \
        "distributed_send: no answer within 0.3 s from rank $right, which did not receive"
    torch::distributed_barrier
    expect "it can still be received" [torch::distributed_recv 200000 $left 62] $big
}
expectText "a handle of no operation" [torch::distributed_wait something] operation_completed
torch::distributed_barrier
report

# Every collective with every dtype and many shapes, against what one process computes. An argument names the dtypes.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}

# Shapes whose first size is a multiple of the number of ranks, so that they can be cut; data up to 176 bytes travels with
# the agreement.
proc cuttableShapes {dtype} {
    set item [dict get $::itemSizes $dtype]
    set limit [expr {176 / $item / $::size}]
    list [list $::size] [list [expr {2 * $::size}] 3] [list 0 4] [list $::size 0 2] \
        [list [expr {$limit * $::size}]] [list [expr {($limit + 1) * $::size}]] \
        [list $::size 1 2 1 2 1 1 2 1 3] [concat $::size [lrepeat 62 1]] [list [expr {3 * $::size}] 7 9]
}
proc otherShapes {dtype} {
    set item [dict get $::itemSizes $dtype]
    list {} 1 5 {2 3} 0 {3 0 2} {1 2 1 2 1 1 2 1 3} [lrepeat 63 1] [expr {176 / $item}] [expr {176 / $item + 1}] \
        [list 2 [expr {88 / $item + 1}]] {19 10}
}

# The same elements in another memory order.
proc scattered {tensor} {
    set dims [llength [torch::tensor_shape $tensor]]
    if {$dims < 2} {return $tensor}
    for {set d [expr {$dims - 1}]} {$d >= 0} {incr d -1} {lappend order $d}
    torch::tensor_permute [torch::tensor_contiguous [torch::tensor_permute $tensor $order]] $order
}

proc checkGather {shape dtype what} {
    set own [contribution $::rank $shape $dtype]
    set whole [stacked $::all $shape $dtype]
    set nothing [torch::empty [concat 0 $shape] $dtype]
    foreach dst $::all {
        expect "gather to $dst, $what" [torch::distributed_gather $own $dst] [expr {$dst == $::rank ? $whole : $nothing}]
    }
    expect "gather to all, $what" [torch::distributedGather -dst -1 -tensor $own] $whole
    expect "all_gather, $what" [torch::distributed_all_gather $own] $whole
    expect "gather of a strided tensor, $what" [torch::distributed_gather -tensor [scattered $own] -dst -1] $whole
    expect "the input afterwards, $what" $own [contribution $::rank $shape $dtype]
}

proc checkBroadcast {shape dtype what} {
    set own [contribution $::rank $shape $dtype]
    foreach root $::all {
        set expected [contribution $root $shape $dtype]
        expect "broadcast from $root, $what" [torch::distributed_broadcast $own $root] $expected
        expect "broadcast of a strided tensor, $what" [torch::broadcast -root $root -tensor [scattered $own]] $expected
    }
}

proc checkReductions {shape dtype what} {
    set own [contribution $::rank $shape $dtype]
    foreach op $::reductions {
        if {![isDefined $op $dtype]} {
            expectError "all_reduce $op, $what" {torch::distributed_all_reduce $own $op} "*op $op is not defined for *"
            continue
        }
        # A process that is alone keeps the dtype.
        set expected [expr {$::size > 1 ? [reduced $op $::all $shape $dtype] : $own}]
        expect "all_reduce $op, $what" [torch::distributed_all_reduce $own $op] $expected
        expect "all_reduce $op of a strided tensor, $what" [torch::allReduce -operation $op -tensor [scattered $own]] $expected
        set dst [expr {[string length $op] % $::size}]
        expect "reduce $op to $dst, $what" [torch::distributed_reduce $own $dst $op] [expr {$dst == $::rank ? $expected : $own}]
    }
}

proc checkCuts {shape dtype what} {
    set own [contribution $::rank $shape $dtype]
    foreach src $::all {
        # What the others pass does not count.
        set passed [expr {$src == $::rank ? [scattered $own] : [torch::zeros {1 2} float16]}]
        expect "scatter from $src, $what" [torch::distributed_scatter $passed $src] \
            [block [contribution $src $shape $dtype] $::rank $::size]
    }
    set parts [lmap from $::all {block [contribution $from $shape $dtype] $::rank $::size}]
    set exchanged [expr {$::size > 1 ? [torch::tensor_cat $parts 0] : [lindex $parts 0]}]
    expect "all_to_all, $what" [torch::distributed_all_to_all $own] $exchanged
    expect "all_to_all of a strided tensor, $what" [torch::distributedAllToAll -tensor [scattered $own]] $exchanged
    foreach op $::reductions {
        if {![isDefined $op $dtype]} continue
        expect "reduce_scatter $op, $what" [torch::distributed_reduce_scatter $own $op] \
            [block [reduced $op $::all $shape $dtype] $::rank $::size]
    }
}

foreach dtype [expr {$argc > 1 ? [lrange $argv 1 end] : $dtypes}] {
    foreach shape [concat [cuttableShapes $dtype] [otherShapes $dtype]] {
        set what "{$shape} $dtype"
        checkGather $shape $dtype $what
        checkBroadcast $shape $dtype $what
        checkReductions $shape $dtype $what
    }
    foreach shape [cuttableShapes $dtype] {
        checkCuts $shape $dtype "{$shape} $dtype"
    }
}

# Means whose sum is beyond the dtype, and contributions that would be lost in its precision: they are combined in a wider
# one. Small tensors travel with the agreement, large ones in parts of their own.
foreach {dtype large} {float16 40000 bfloat16 3e38 float32 3e38 float64 1.5e308 complex64 3e38} {
    foreach shape [list $size [expr {$size * 1000}]] {
        set x [torch::full $shape $large $dtype]
        set part [torch::full [expr {$shape / $size}] $large $dtype]
        expect "mean of $large $dtype" [torch::distributed_all_reduce $x mean] $x
        expect "reduce to the mean" [torch::distributed_reduce $x 0 mean] $x
        expect "reduce_scatter to the mean" [torch::distributed_reduce_scatter $x mean] $part
    }
}
# 2048 + 1 + 1 ... in float16: each 1 alone would be lost. The last rank makes the product small again.
expect "a sum in order" [torch::distributed_all_reduce [torch::full 3 [expr {$rank ? 1 : 2048}] float16]] \
    [torch::tensor_to [torch::full 3 [expr {2047 + $size}] float64] cpu float16]
if {$size > 2} {
    expect "a product beyond the dtype in between" \
        [torch::distributed_all_reduce [torch::full 3 [expr {$rank < 2 ? 300 : $rank == 2 ? 0.25 : 1}] float16] product] \
        [torch::full 3 22500 float16]
}

# More dimensions than a tensor can have.
set most [torch::tensor_reshape [torch::tensor_create $rank] [lrepeat 64 1]]
expectError "gather of 64 dimensions" {torch::distributed_gather $most} "*64 dimensions*"
expect "all_reduce of 64 dimensions" [torch::distributed_all_reduce $most max] \
    [torch::tensor_reshape [torch::tensor_create [expr {$size - 1}]] [lrepeat 64 1]]
report

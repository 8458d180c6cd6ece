# What a reduction gives, computed with Tcl's own numbers.

set reductions {sum mean product min max band bor bxor}

proc isDefined {op dtype} {
    if {$op in {band bor bxor}} {return [isIntegral $dtype]}
    if {$op in {min max}} {return [expr {![isComplex $dtype]}]}
    return 1
}

# An integer as the dtype holds it.
proc wrapped {n dtype} {
    switch $dtype {
        bool {return [expr {$n != 0}]}
        uint8 {return [expr {$n & 255}]}
        default {
            set bits [string range $dtype 3 end]
            set n [expr {$n & ((1 << $bits) - 1)}]
            return [expr {$n >> ($bits - 1) ? $n - (1 << $bits) : $n}]
        }
    }
}

proc combined {op list dtype} {
    set result [switch $op {
        sum {expr [join $list +]}
        mean {expr double([join $list +]) / [llength $list]}
        product {expr [join $list *]}
        min {::tcl::mathfunc::min {*}$list}
        max {::tcl::mathfunc::max {*}$list}
        band {expr [join $list &]}
        bor {expr [join $list |]}
        bxor {expr [join $list ^]}
    }]
    expr {[isIntegral $dtype] && $op ne "mean" ? [wrapped $result $dtype] : $result}
}

# The tensor that all ranks of the list together give.
proc reduced {op ranks shape dtype {seed 0}} {
    set count [elementsOf $shape]
    set columns [lmap from $ranks {values $from $dtype $count $seed}]
    set result {}
    for {set k 0} {$k < $count} {incr k} {
        lappend result [combined $op [lmap column $columns {lindex $column $k}] $dtype]
    }
    if {$op eq "mean" && [isIntegral $dtype]} {set dtype float32}
    tensorOf $result $shape $dtype
}

# The tensors of these ranks under a new first dimension.
proc stacked {ranks shape dtype {seed 0}} {
    torch::tensor_stack -tensors [lmap from $ranks {contribution $from $shape $dtype $seed}]
}

# Row block `part` of `parts` along the first dimension.
proc block {tensor part parts} {
    set rows [expr {[lindex [torch::tensor_shape $tensor] 0] / $parts}]
    set own {}
    for {set r 0} {$r < $rows} {incr r} {lappend own [expr {$part * $rows + $r}]}
    torch::tensor_index_select $tensor 0 [torch::tensor_create -data $own -shape [llength $own] -dtype int64]
}

# find_package(cte): cte::cte is the shared library, cte::static the static one.
include(${CMAKE_CURRENT_LIST_DIR}/cteTargets.cmake)

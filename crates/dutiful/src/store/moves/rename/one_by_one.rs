//! The same on MySQL for a run that was cut off: one table after the other.

/// One table after the other, for a server of MySQL that stopped between two of them: name, away, back.
pub(crate) const ONE_BY_ONE_ON_MYSQL: [(&str, &str, &str); 25] = [
    (
        "tasks",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_tasks TO dutiful_away_tasks",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_tasks TO dutiful_tasks",
    ),
    (
        "attempts",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_attempts TO dutiful_away_attempts",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_attempts TO dutiful_attempts",
    ),
    (
        "steps",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_steps TO dutiful_away_steps",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_steps TO dutiful_steps",
    ),
    (
        "logs",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_logs TO dutiful_away_logs",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_logs TO dutiful_logs",
    ),
    (
        "workers",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_workers TO dutiful_away_workers",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_workers TO dutiful_workers",
    ),
    (
        "periodic",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_periodic TO dutiful_away_periodic",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_periodic TO dutiful_periodic",
    ),
    (
        "tokens",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_tokens TO dutiful_away_tokens",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_tokens TO dutiful_tokens",
    ),
    (
        "audit",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_audit TO dutiful_away_audit",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_audit TO dutiful_audit",
    ),
    (
        "requests",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_requests TO dutiful_away_requests",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_requests TO dutiful_requests",
    ),
    (
        "task_types",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_task_types TO dutiful_away_task_types",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_task_types TO dutiful_task_types",
    ),
    (
        "figures",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_figures TO dutiful_away_figures",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_figures TO dutiful_figures",
    ),
    (
        "figures_until",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_figures_until TO dutiful_away_figures_until",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_figures_until TO dutiful_figures_until",
    ),
    (
        "figures_left",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_figures_left TO dutiful_away_figures_left",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_figures_left TO dutiful_figures_left",
    ),
    (
        "pauses",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_pauses TO dutiful_away_pauses",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_pauses TO dutiful_pauses",
    ),
    (
        "previews",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_previews TO dutiful_away_previews",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_previews TO dutiful_previews",
    ),
    (
        "joins",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_joins TO dutiful_away_joins",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_joins TO dutiful_joins",
    ),
    (
        "items",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_items TO dutiful_away_items",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_items TO dutiful_items",
    ),
    (
        "collections",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_collections TO dutiful_away_collections",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_collections TO dutiful_collections",
    ),
    (
        "documents",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_documents TO dutiful_away_documents",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_documents TO dutiful_documents",
    ),
    (
        "contents",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_contents TO dutiful_away_contents",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_contents TO dutiful_contents",
    ),
    (
        "generations",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_generations TO dutiful_away_generations",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_generations TO dutiful_generations",
    ),
    (
        "pages",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_pages TO dutiful_away_pages",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_pages TO dutiful_pages",
    ),
    (
        "chunks",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_chunks TO dutiful_away_chunks",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_chunks TO dutiful_chunks",
    ),
    (
        "vectors",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_vectors TO dutiful_away_vectors",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_vectors TO dutiful_vectors",
    ),
    (
        "holds",
        "/* dutiful.moves.away_one */ RENAME TABLE dutiful_holds TO dutiful_away_holds",
        "/* dutiful.moves.back_one */ RENAME TABLE dutiful_away_holds TO dutiful_holds",
    ),
];
